// Single keys in the queue and in a ticket: never in a field, and not at all for who has switched them off. The help
// opens by its button, too.

const FIELDS = "input, textarea, select, [contenteditable], dialog[open]";

const help = document.getElementById("help");
const opener = document.getElementById("open-help");

function move(step) {
  const rows = [...document.querySelectorAll(".rows a")].filter((row) => row.checkVisibility());
  if (rows.length === 0) return;
  const at = rows.indexOf(document.activeElement.closest(".rows a"));
  const from = at >= 0 ? at : rows.findIndex((row) => row.ariaCurrent === "true");
  const to = from < 0 ? (step > 0 ? 0 : rows.length - 1) : Math.min(rows.length - 1, Math.max(0, from + step));
  rows[to].focus();
}

function claim() {
  const here = document.querySelector("form[action*='/claim'] button");
  if (here) return here.click();
  const row = document.activeElement.closest(".rows a");
  if (!row || document.getElementById("say")) return;
  const form = document.createElement("form");
  form.method = "post";
  form.action = `${new URL(row.href).pathname}/claim`;
  form.append(document.querySelector("[name=form_token]").cloneNode());
  document.body.append(form);
  form.submit();
}

function write(mode) {
  const say = document.getElementById("say");
  if (!say) return;
  const choice = say.querySelector(`[type=radio][value=${mode}]`);
  if (choice) choice.checked = true;
  else if (mode === "reply") return; // somebody else's, or closed
  document.getElementById("text").focus();
}

function close() {
  const closing = document.getElementById("close");
  if (!closing) return;
  closing.open = true;
  closing.querySelector("[name=outcome]").focus();
}

function suggestions() {
  const region = document.getElementById("suggestions");
  const field = region?.querySelector("input:not([type=hidden])") ?? region;
  if (!region?.checkVisibility()) location.hash = "details"; // one pane at a time
  field?.focus();
}

const ACTS = {
  j: () => move(1),
  k: () => move(-1),
  c: claim,
  r: () => write("reply"),
  n: () => write("note"),
  e: close,
  "/": suggestions,
  "?": () => help.showModal(),
};

if (help && "keys" in document.body.dataset) {
  addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (event.target.closest?.(FIELDS) || help.open || !Object.hasOwn(ACTS, event.key)) return;
    event.preventDefault();
    if (!event.repeat || "jk".includes(event.key)) ACTS[event.key]();
  });
}
if (help && opener) {
  opener.hidden = false;
  opener.addEventListener("click", () => help.showModal());
}
