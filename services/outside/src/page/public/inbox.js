// Makes the page live: new messages on top as they come, times in the reader's zone, the state of the heartbeat.
// Nothing here turns text into markup: the server escapes, and sends each message as the markup it also renders itself.
const timeline = document.getElementById('timeline');
const empty = document.getElementById('empty');
const live = document.getElementById('live');
const heartbeat = document.getElementById('heartbeat');
const kept = 200;
const title = document.title;
let unseen = 0;

const clock = new Intl.DateTimeFormat(undefined, { timeStyle: 'medium' });
const full = new Intl.DateTimeFormat(undefined, { dateStyle: 'full', timeStyle: 'long' });

function ago(at) {
  const seconds = Math.max(0, Math.round((Date.now() - at.getTime()) / 1000));
  if (seconds < 60) return `${seconds} s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h ago`;
  return `${Math.floor(seconds / 86_400)} d ago`;
}

function showTimes() {
  for (const time of timeline.querySelectorAll('time')) {
    const at = new Date(time.dateTime);
    time.textContent = `${clock.format(at)} · ${ago(at)}`;
    time.title = full.format(at);
  }
  const { state, last } = heartbeat.dataset;
  if (state === 'beating') heartbeat.textContent = `heartbeat ${ago(new Date(last))}`;
  if (state === 'missed') heartbeat.textContent = 'no heartbeat';
  if (state === 'waiting') heartbeat.textContent = 'waiting for the first heartbeat';
}

function showEmpty() {
  empty.hidden = timeline.children.length > 0;
}

function parse(markup) {
  return new DOMParser().parseFromString(markup, 'text/html');
}

function add({ html }) {
  const entry = parse(html).querySelector('li');
  if (timeline.querySelector(`[data-id="${CSS.escape(entry.dataset.id)}"]`)) return;
  entry.classList.add('new');
  timeline.prepend(entry);
  while (timeline.children.length > kept) timeline.lastElementChild.remove();
  if (document.hidden) {
    unseen += 1;
    document.title = `(${unseen}) ${title}`;
  }
  showEmpty();
  showTimes();
}

/** After a break: whatever came meanwhile is fetched with the page itself. */
async function reload() {
  const answer = await fetch(location.href, { cache: 'no-store' });
  if (!answer.ok) return;
  timeline.replaceChildren(...parse(await answer.text()).querySelectorAll('#timeline > li'));
  showEmpty();
  showTimes();
}

function connect() {
  const stream = new EventSource(timeline.dataset.stream);
  stream.addEventListener('open', () => {
    live.textContent = 'live';
    live.dataset.state = 'live';
    // Also the first time: something may have come between the page and the stream.
    reload().catch(() => undefined);
  });
  stream.addEventListener('message', (event) => add(JSON.parse(event.data)));
  stream.addEventListener('heartbeat', (event) => {
    const { state, lastAt } = JSON.parse(event.data);
    heartbeat.dataset.state = state;
    heartbeat.dataset.last = lastAt ?? '';
    showTimes();
  });
  stream.addEventListener('error', () => {
    live.textContent = 'reconnecting…';
    live.dataset.state = 'broken';
    // The browser tries again by itself, except after an HTTP error.
    if (stream.readyState === EventSource.CLOSED) setTimeout(connect, 5000);
  });
}

document.addEventListener('visibilitychange', () => {
  if (document.hidden) return;
  unseen = 0;
  document.title = title;
});
// On a phone the tabs scroll: the chosen one must be seen.
document
  .querySelector('.tabs [aria-current]')
  .scrollIntoView({ block: 'nearest', inline: 'center' });
setInterval(showTimes, 5000);
showTimes();
connect();
