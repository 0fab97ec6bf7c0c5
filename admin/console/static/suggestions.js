// What a reply may begin with: put in where the cursor stands, found without loading the page anew.

const pane = document.getElementById("suggestions");
const say = document.getElementById("say");
if (pane && say) {
  pane.classList.add("has-keys"); // without a script none does anything, and none is shown
  const box = say.elements.namedItem("text");
  const find = document.getElementById("find-answer");
  const search = document.getElementById("find-answer-button");
  const inserted = document.getElementById("inserted");
  let cursor = null; // where one was writing last; before that the end is meant
  box.addEventListener("blur", () => (cursor = [box.selectionStart, box.selectionEnd]));

  function insert(button) {
    const text = button.closest("li").querySelector(".suggested-text").textContent;
    const [start, end] = document.activeElement === box ? [box.selectionStart, box.selectionEnd] : cursor ?? [box.value.length, box.value.length];
    const before = box.value.slice(0, start);
    const after = box.value.slice(end);
    if (!box.value.trim()) say.querySelector("[name=mode][value=reply]")?.click();
    if (location.hash === "#details" || location.hash === "#suggestions") location.hash = "latest"; // one pane at a time
    box.focus();
    box.setSelectionRange(start, end);
    const whole = `${gap(before)}${text}${after ? gap(after.split("").reverse().join("")) : ""}`;
    // As if typed, so that the browser's own undo takes it back; where that isn't to be had, at least put in.
    if (!document.execCommand("insertText", false, whole)) {
      box.setRangeText(whole, start, end, "end");
      box.dispatchEvent(new Event("input", { bubbles: true }));
    }
    inserted.textContent = "";
    requestAnimationFrame(() => (inserted.textContent = inserted.dataset.words));
  }

  // The line breaks that are missing for what comes next to be a paragraph of its own.
  function gap(text) {
    if (!text.trim()) return "";
    return text.endsWith("\n\n") ? "" : text.endsWith("\n") ? "\n" : "\n\n";
  }

  let searches = 0;

  async function lookUp() {
    const mine = ++searches;
    const token = say.elements.namedItem("form_token").value; // and not what is written: that would be saved beside
    const key = say.elements.namedItem("key").value;
    const body = new URLSearchParams({ form_token: token, key, act: "find", find: find.value });
    let answer;
    try {
      answer = await fetch(search.formAction, { method: "POST", body });
      if (!answer.ok) throw new Error(answer.status);
    } catch {
      say.requestSubmit(search); // the page says what is wrong
      return;
    }
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("found-answers");
    if (mine === searches && fresh) document.getElementById("found-answers").replaceChildren(...fresh.childNodes);
  }

  pane.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    if ("insert" in button.dataset) insert(button);
    else if (button === search) lookUp();
    else return;
    event.preventDefault();
  });
  find.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.isComposing) return;
    event.preventDefault();
    lookUp();
  });

  // Alt and a number from anywhere; the number alone while the suggestions have the focus, where a letter begins a search.
  const numbered = (key) => /^[1-9]$/.test(key) && pane.querySelector(`[aria-keyshortcuts="Alt+${key}"]`);
  document.addEventListener("keydown", (event) => {
    const { key } = event;
    if (!event.altKey || event.ctrlKey || event.metaKey || event.getModifierState("AltGraph") || !numbered(key)) return;
    event.preventDefault();
    insert(numbered(key));
  });
  pane.addEventListener("keydown", (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey || event.target === find) return;
    const { key } = event;
    if (numbered(key)) {
      event.preventDefault();
      insert(numbered(key));
    } else if (event.target === pane && key.length === 1 && key !== " ") {
      find.focus(); // before the letter arrives there
    } else return;
    event.stopPropagation();
  });
}
