/** Does something at intervals until it is closed; it does not keep the process alive. */
export function every(milliseconds: number, act: () => void): { close(): void } {
  const timer = setInterval(act, milliseconds).unref();
  return {
    close() {
      clearInterval(timer);
    },
  };
}
