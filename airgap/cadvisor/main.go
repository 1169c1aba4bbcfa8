// Command cadvisor is the stand-in for cAdvisor's own command, which is in none of the Go modules that cAdvisor
// publishes. It is cAdvisor's container manager and Prometheus collectors behind the two endpoints that a monitoring
// system asks: /metrics and /healthz. The flags it knows have the original's names, defaults and meanings; the web UI
// and the REST API are left out.
package main

import (
	"errors"
	"flag"
	"fmt"
	"log"
	"net/http"
	"os"
	"os/signal"
	"runtime"
	"strings"
	"syscall"
	"time"

	_ "github.com/google/cadvisor/container/docker/install"
	"github.com/google/cadvisor/lib/cache/memory"
	"github.com/google/cadvisor/lib/container"
	_ "github.com/google/cadvisor/lib/container/containerd/install"
	_ "github.com/google/cadvisor/lib/container/systemd/install"
	_ "github.com/google/cadvisor/lib/fs/overlay/install"
	_ "github.com/google/cadvisor/lib/fs/tmpfs/install"
	_ "github.com/google/cadvisor/lib/fs/vfs/install"
	"github.com/google/cadvisor/lib/manager"
	"github.com/google/cadvisor/lib/metrics"
	info "github.com/google/cadvisor/lib/model"
	"github.com/google/cadvisor/lib/utils/sysfs"
	"github.com/google/cadvisor/lib/version"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"k8s.io/klog/v2"
	"k8s.io/utils/clock"
)

// shutdownGrace bounds how long a scrape under way is waited for when the process is told to stop.
const shutdownGrace = 5 * time.Second

// metricKinds lets cAdvisor's own set of metric kinds be read from a flag that is given empty.
type metricKinds struct{ container.MetricSet }

func (kinds *metricKinds) Set(value string) error {
	kinds.MetricSet = container.MetricSet{}
	if value == "" {
		return nil
	}
	return kinds.MetricSet.Set(value)
}

// settings are the flags beyond those that cAdvisor's library defines itself (-docker_only, -housekeeping_interval, …).
type settings struct {
	listenIP          string
	port              int
	metricsPath       string
	storageDuration   time.Duration
	storeLabels       bool
	whitelistedLabels string
	rawPrefixes       string
	envPrefixes       string
	enabled           metricKinds
	disabled          metricKinds
	maxProcs          int
	showVersion       bool
}

func parseFlags() *settings {
	s := &settings{disabled: metricKinds{container.MetricSet{
		container.MemoryNumaMetrics:              {},
		container.NetworkTcpUsageMetrics:         {},
		container.NetworkUdpUsageMetrics:         {},
		container.NetworkAdvancedTcpUsageMetrics: {},
		container.ProcessSchedulerMetrics:        {},
		container.ProcessMetrics:                 {},
		container.HugetlbUsageMetrics:            {},
		container.ReferencedMemoryMetrics:        {},
		container.CPUTopologyMetrics:             {},
		container.ResctrlMetrics:                 {},
		container.CPUSetMetrics:                  {},
	}}}
	flag.StringVar(&s.listenIP, "listen_ip", "", "IP to listen on, defaults to all IPs")
	flag.IntVar(&s.port, "port", 8080, "port to listen")
	flag.StringVar(&s.metricsPath, "prometheus_endpoint", "/metrics", "Endpoint to expose Prometheus metrics on")
	flag.DurationVar(&s.storageDuration, "storage_duration", 2*time.Minute, "How long to keep data stored")
	flag.BoolVar(&s.storeLabels, "store_container_labels", true, "convert container labels and environment variables into labels on prometheus metrics for each container")
	flag.StringVar(&s.whitelistedLabels, "whitelisted_container_labels", "", "comma separated list of container labels to be converted to labels on prometheus metrics; -store_container_labels must be false")
	flag.StringVar(&s.rawPrefixes, "raw_cgroup_prefix_whitelist", "", "A comma-separated list of cgroup path prefix that needs to be collected even when -docker_only is specified")
	flag.StringVar(&s.envPrefixes, "env_metadata_whitelist", "", "a comma-separated list of environment variable keys matched with specified prefix that needs to be collected for containers")
	flag.Var(&s.enabled, "enable_metrics", "comma-separated list of metrics to be enabled. If set, overrides 'disable_metrics'")
	flag.Var(&s.disabled, "disable_metrics", "comma-separated list of metrics to be disabled")
	flag.IntVar(&s.maxProcs, "max_procs", 0, "max number of CPUs that can be used simultaneously, less than 1 for default (number of cores)")
	flag.BoolVar(&s.showVersion, "version", false, "print cAdvisor version and exit")
	klog.InitFlags(nil)
	flag.Parse()
	return s
}

func (s *settings) includedMetrics() container.MetricSet {
	if len(s.enabled.MetricSet) > 0 {
		return s.enabled.MetricSet
	}
	return container.AllMetrics.Difference(s.disabled.MetricSet)
}

func (s *settings) containerLabels() metrics.ContainerLabelsFunc {
	if s.storeLabels {
		return metrics.DefaultContainerLabels
	}
	var labels []string
	if s.whitelistedLabels != "" {
		labels = strings.Split(s.whitelistedLabels, ",")
	}
	return metrics.BaseContainerLabels(labels)
}

// metricsHandler answers with the newest stats of every container, of the machine, and of this process.
func metricsHandler(m manager.Manager, s *settings) http.Handler {
	included := s.includedMetrics()
	newest := info.RequestOptions{IdType: info.TypeName, Count: 1, Recursive: true}
	registry := prometheus.NewRegistry()
	registry.MustRegister(
		metrics.NewPrometheusCollector(m, s.containerLabels(), included, clock.RealClock{}, newest),
		metrics.NewPrometheusMachineCollector(m, included),
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	return promhttp.HandlerFor(registry, promhttp.HandlerOpts{ErrorHandling: promhttp.ContinueOnError})
}

func run(s *settings) error {
	// The library looks at the first prefix without asking whether there is one: a list of one empty prefix means none.
	m, err := manager.New(memory.New(s.storageDuration, nil), sysfs.NewRealSysFs(), manager.HousekeepingConfigFlags,
		s.includedMetrics(), strings.Split(s.rawPrefixes, ","), strings.Split(s.envPrefixes, ","), "", 0)
	if err != nil {
		return fmt.Errorf("creating the container manager: %w", err)
	}
	if err := m.Start(); err != nil {
		return fmt.Errorf("starting the container manager: %w", err)
	}

	mux := http.NewServeMux()
	mux.Handle("GET "+s.metricsPath, metricsHandler(m, s))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "ok") })
	server := &http.Server{Addr: fmt.Sprintf("%s:%d", s.listenIP, s.port), Handler: mux, ReadHeaderTimeout: 10 * time.Second}

	stop := make(chan os.Signal, 1)
	signal.Notify(stop, os.Interrupt, syscall.SIGTERM)
	failed := make(chan error, 1)
	go func() { failed <- server.ListenAndServe() }()
	log.Printf("cAdvisor %s listens on %s", version.Info["version"], server.Addr)
	select {
	case err := <-failed:
		return err
	case <-stop:
		time.AfterFunc(shutdownGrace, func() { os.Exit(1) })
		return errors.Join(m.Stop(), server.Close())
	}
}

func main() {
	s := parseFlags()
	if s.showVersion {
		fmt.Printf("cAdvisor version %s (%s)\n", version.Info["version"], version.Info["revision"])
		return
	}
	if s.maxProcs > 0 {
		runtime.GOMAXPROCS(s.maxProcs)
	}
	if err := run(s); err != nil {
		log.Fatalf("cadvisor: %v", err)
	}
}
