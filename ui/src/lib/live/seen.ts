//! A tab that nobody sees is disconnected after a while: browsers allow few connections to one server.

const HIDDEN_MAX_MS = 30_000;

/** Calls `leave` when the tab was hidden for long, and `back` when it is seen again. Gives the way to end it. */
export function whileSeen({ leave, back }: { leave: () => void; back: () => void }): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let left = false;
  const onChange = (): void => {
    clearTimeout(timer);
    if (document.hidden) {
      timer = setTimeout(() => {
        left = true;
        leave();
      }, HIDDEN_MAX_MS);
    } else if (left) {
      left = false;
      back();
    }
  };
  document.addEventListener('visibilitychange', onChange);
  return () => {
    clearTimeout(timer);
    document.removeEventListener('visibilitychange', onChange);
  };
}
