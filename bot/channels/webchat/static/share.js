"use strict";
// What the page does without: it shows the buttons of what this browser can do.

(() => {
  const message = document.getElementById("message");
  const send = document.getElementById("send");
  const copy = document.getElementById("copy");
  const notice = document.getElementById("notice");

  // That somebody has the words before them is counted, not who.
  const body = new URLSearchParams();
  fetch(`/jaa/opened?kieli=${document.documentElement.lang}`, { method: "POST", body, keepalive: true }).catch(() => {});

  send.hidden = !navigator.share;
  send.addEventListener("click", async () => {
    try {
      await navigator.share({ text: message.dataset.text, url: message.dataset.link });
    } catch {
      message.select(); // they thought better of it, or the browser did: the words are there to be copied
    }
  });

  copy.hidden = !navigator.clipboard;
  copy.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(message.value);
      notice.textContent = copy.dataset.copied;
    } catch {
      message.select();
    }
  });
})();
