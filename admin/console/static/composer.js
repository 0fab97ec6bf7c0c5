// The box under a thread. What is written stays, whatever happens to the page: in this tab at once, and a moment later
// on the server, where one's other machines find it.

const PAUSE = 1000; // after the last key, until the draft is saved
const LONGEST = 5000; // that a draft waits for a pause
const TYPING_AGAIN = 5000;
const TYPING_ENDS = 10000; // after so long without a key

const page = document.body;
const say = document.getElementById("say");
if (say) {
  const ticket = `/console/tickets/${page.dataset.ticket}`;
  const place = `draft:${say.dataset.writer}:${page.dataset.ticket}`; // a colleague may log in on the same tab
  const [field, key, version, token] = ["text", "key", "draft", "form_token"].map((name) => say.elements.namedItem(name));
  const kept = document.getElementById("kept");
  const seen = document.getElementById("seen");
  const mode = () => say.querySelector("[name=mode]:checked")?.value ?? "note";
  const post = (path, values, options) =>
    fetch(ticket + path, {
      method: "POST",
      body: new URLSearchParams({ form_token: token.value, ...values }),
      ...options,
    });

  // --- the draft ----------------------------------------------------------------------------------------------

  let isSaved = true;
  let changedAt = 0; // the first change that isn't saved
  let timer = 0;
  let saving = Promise.resolve();
  let isOnItsWay = false;

  function remember() {
    const draft = { text: field.value, key: key.value, version: version.value, mode: mode(), isSaved };
    if (field.value) sessionStorage.setItem(place, JSON.stringify(draft));
    else sessionStorage.removeItem(place);
    seen.toggleAttribute("data-live", field.value === ""); // what comes while one writes was not there when one began
  }

  function changed() {
    if (isSaved) changedAt = Date.now();
    isSaved = false;
    kept.textContent = "";
    remember();
    document.getElementById("preview")?.remove(); // it is of another text now
    clearTimeout(timer);
    timer = setTimeout(save, Math.max(0, Math.min(PAUSE, changedAt + LONGEST - Date.now())));
  }

  function save(options) {
    clearTimeout(timer);
    saving = saving.then(() => saveNow(options));
    return saving;
  }

  async function saveNow(options) {
    if (isSaved) return;
    isSaved = isOnItsWay = true;
    try {
      const values = { text: field.value, key: key.value, draft: version.value, mode: mode() };
      const answer = await post("/draft", values, options);
      if (answer.status === 404) return sessionStorage.removeItem(place); // erased at the asker's wish
      if (!answer.ok) throw new Error("not saved");
      const draft = await answer.json();
      key.value = draft.key;
      version.value = draft.version;
      document.getElementById("parted").hidden = !draft.has_other || document.getElementById("drafts") !== null;
      if (isSaved) kept.textContent = draft.at && `${kept.dataset.kept} ${draft.at}`;
    } catch {
      isSaved = false;
      kept.textContent = kept.dataset.notKept;
    } finally {
      isOnItsWay = false;
    }
    remember();
  }

  const left = JSON.parse(sessionStorage.getItem(place) ?? "null");
  if ("sent" in page.dataset) {
    sessionStorage.removeItem(place);
  } else if (left && !left.isSaved && left.text !== field.value) {
    // Written in this tab and not saved: it goes on here, beside what was saved elsewhere since.
    field.value = left.text;
    key.value = left.key; // the same key: if it did go out and only the answer got lost, it goes out once
    version.value = left.version;
    const choice = say.querySelector(`[type=radio][value="${left.mode}"]`);
    if (choice) choice.checked = true;
    isSaved = false;
    save();
  } else {
    remember();
  }
  say.addEventListener("input", () => {
    changed();
    tellTyping(field.value === "" ? "off" : mode() === "reply" ? "on" : "note");
  });

  // A save on its way must not come in after the text has gone out, and leave it as a draft again.
  let isSending = false;
  say.addEventListener("submit", (event) => {
    isSending = true;
    clearTimeout(timer);
    if (!isOnItsWay) return;
    event.preventDefault();
    saving.then(() => say.requestSubmit(event.submitter));
  });
  addEventListener("pageshow", () => (isSending = false));
  for (const back of ["online", "connected"]) addEventListener(back, () => save()); // the network, or the service
  addEventListener("pagehide", () => {
    if (!isSending) saveNow({ keepalive: true });
    tellTyping("off");
  });

  // --- what the asker would see -------------------------------------------------------------------------------

  let needsPage = false; // something else than a preview came: let the browser show the page itself

  say.addEventListener("submit", async (event) => {
    if (needsPage || event.defaultPrevented || event.submitter?.value !== "preview") return;
    event.preventDefault();
    isSending = false;
    await save();
    try {
      const body = new URLSearchParams(new FormData(say, event.submitter));
      const answer = await fetch(say.action, { method: "POST", body });
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
      const preview = fresh.getElementById("preview");
      if (!preview) {
        needsPage = true;
        return say.requestSubmit(event.submitter);
      }
      for (const name of ["key", "draft"]) say.elements.namedItem(name).value = fresh.querySelector(`#say [name=${name}]`).value;
      remember();
      document.getElementById("preview-place").replaceChildren(preview);
      preview.focus();
    } catch {
      kept.textContent = kept.dataset.notKept;
    }
  });

  // --- who writes ---------------------------------------------------------------------------------------------

  // Colleagues see that one writes, the asker only that a reply is being written, and nobody what; the server knows
  // whether the question is ours.
  let told = "off";
  let toldAt = 0;
  let typingEnds = 0;

  function tellTyping(typing) {
    clearTimeout(typingEnds);
    if (typing !== "off") typingEnds = setTimeout(() => tellTyping("off"), TYPING_ENDS);
    if (typing === told && (typing === "off" || Date.now() - toldAt < TYPING_AGAIN)) return;
    told = typing;
    toldAt = Date.now();
    post("/typing", { typing }, { keepalive: true }).catch(() => {});
  }

  say.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    say.requestSubmit(say.querySelector(`button[value=${mode()}]`));
  });
  // What was typed before this script came, on a slow line, is as if typed now.
  if (isSaved && field.value !== field.defaultValue) field.dispatchEvent(new Event("input", { bubbles: true }));
  const log = document.querySelector("[role=log]");
  log.scrollTop = log.scrollHeight;
}
