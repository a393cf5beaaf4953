// Before the first paint, so that a chosen theme does not flash in the other one. A file of its own, since
// the pages allow no inline script.
try {
  const theme = localStorage.getItem('glassline.theme');
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
} catch {
  // Storage may be closed to us: the system's theme it is.
}
