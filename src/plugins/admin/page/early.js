// Before the first paint, so that the page does not flash in the other colours.
try {
  document.documentElement.dataset.theme = localStorage.getItem('cairn-theme') ?? '';
} catch {
  // Storage may be forbidden; then the system decides.
}
