// Comfort only: every page works without it. The server makes sure that two
// taps move money once.
"use strict";
for (const form of document.forms) {
  let sent = false;
  form.addEventListener("submit", (event) => {
    if (sent) { event.preventDefault(); return; }
    sent = true;
    // aria-disabled, because a disabled button would not send its value.
    for (const button of form.querySelectorAll("button")) button.setAttribute("aria-disabled", "true");
  });
  window.addEventListener("pageshow", () => {
    sent = false;
    for (const button of form.querySelectorAll("button")) button.removeAttribute("aria-disabled");
  });
  const left = Number(form.dataset.left);
  // When the code's time is over the page says so by itself. Browsers' timers
  // hold 31 bits of milliseconds.
  if (left > 0 && left < 2 ** 31) setTimeout(() => location.reload(), left + 1000);
}
