// The box in which one writes: what is in it stays, whatever happens to the page.

const page = document.body;
const say = document.getElementById("say");
if (say) {
  const place = `draft:${page.dataset.ticket}`;
  const field = say.elements.namedItem("text");
  const key = say.elements.namedItem("key");
  const kept = JSON.parse(sessionStorage.getItem(place) ?? "null");
  if ("sent" in page.dataset) {
    sessionStorage.removeItem(place);
  } else if (kept && !field.value) {
    field.value = kept.text;
    key.value = kept.key; // the same key: if it did go out and only the answer got lost, it goes out once
    const mode = say.querySelector(`[type=radio][value="${kept.mode}"]`);
    if (mode) mode.checked = true;
  }
  say.addEventListener("input", () => {
    const mode = say.querySelector("[name=mode]:checked")?.value ?? "note";
    if (field.value) sessionStorage.setItem(place, JSON.stringify({ text: field.value, key: key.value, mode }));
    else sessionStorage.removeItem(place);
    tellTyping(mode === "reply" && field.value !== "");
  });

  // The asker sees that a reply is being written, never what; the server knows whether the question is ours.
  const TYPING_AGAIN = 5000;
  const TYPING_ENDS = 10000; // after so long without a key
  let typingToldAt = 0;
  let typingEnds = 0;

  function tellTyping(isTyping) {
    clearTimeout(typingEnds);
    if (isTyping) typingEnds = setTimeout(() => tellTyping(false), TYPING_ENDS);
    if (isTyping ? Date.now() - typingToldAt < TYPING_AGAIN : typingToldAt === 0) return;
    typingToldAt = isTyping ? Date.now() : 0;
    const body = new URLSearchParams({
      form_token: say.elements.namedItem("form_token").value,
      typing: isTyping ? "on" : "off",
    });
    fetch(`/console/tickets/${page.dataset.ticket}/typing`, { method: "POST", body, keepalive: true }).catch(() => {});
  }

  addEventListener("pagehide", () => tellTyping(false));
  say.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    const mode = say.querySelector("[name=mode]:checked")?.value ?? "note";
    say.requestSubmit(say.querySelector(`button[value=${mode}]`));
  });
  const log = document.querySelector("[role=log]");
  log.scrollTop = log.scrollHeight;
}
