"use strict";
// The page works without this file. With it nothing has to be reloaded, and a lost connection loses nothing:
// an act stays ours until the server has confirmed it, and is sent again under the same key, so it counts once.

(() => {
  const BUSY = 3000; // until we read again what the service had no room to tell
  const OVERLAP = 10; // messages looked at again each time: on a busy database an earlier one may show up later
  const PATIENCE = 15000; // a browser by itself would wait for minutes
  const LONGEST_PAUSE = 30000;
  const DOUBLE_TAP = 1000;
  const LONGEST_PRESS = 2000; // who rests their finger for longer selects words, and presses nothing
  const TAP = 100; // after the finger is off, until its press counts
  const DRAFT = "koppi-draft";
  const TYPING_AGAIN = 5000; // who goes on writing is told of so often
  const TYPING_ENDS = 10000; // after so long without a key

  const { base, framed } = document.body.dataset;
  const lines = document.getElementById("lines");
  const acts = document.getElementById("acts");
  const writing = document.getElementById("writing");
  const field = document.getElementById("field");
  const notice = document.getElementById("notice");
  const fault = document.getElementById("fault");
  const numbers = document.getElementById("numbers");
  const typing = document.getElementById("typing");
  const below = document.getElementById("below");
  const title = document.title;

  // --- sending -------------------------------------------------------------------------------------------------

  const waiting = []; // acts that are not confirmed yet, in the order they were made
  let sending = null; // the one on its way
  let failures = 0;
  let retry = 0;

  function newKey() {
    return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
  }

  function send(act) {
    waiting.push(act);
    fault.textContent = "";
    field.removeAttribute("aria-invalid");
    sendNext();
  }

  async function sendNext() {
    if (sending !== null || waiting.length === 0) return;
    clearTimeout(retry);
    const act = waiting[0];
    sending = act;
    field.readOnly = act.isDraft;
    const response = await post(act);
    sending = null;
    field.readOnly = false;
    // Only 204 is the service's word: a log-in page of the network or a proxy's fault answers otherwise.
    if (response === null || response.status >= 500 || (response.status < 300 && response.status !== 204)) {
      tryAgainLater(act);
      return;
    }
    failures = 0;
    waiting.shift();
    notice.textContent = "";
    if (response.status === 204) confirmed(act);
    else refused(act, response);
    sendNext();
  }

  // By which link the asker came goes with the first act, and then stands neither here nor in the address.
  const cameBy = document.querySelector("[name=campaign]")?.value;
  let hasTold = cameBy === undefined;

  function forgetLink() {
    hasTold = true;
    document.querySelectorAll("[name=campaign]").forEach((hidden) => hidden.remove());
    history.replaceState(null, "", location.pathname);
  }

  async function post(act) {
    const body = new URLSearchParams({ ...act.fields, key: act.key, ...(hasTold ? {} : { campaign: cameBy }) });
    try {
      return await ask(acts.action, { method: "POST", body });
    } catch {
      return null; // it may have arrived: the same key makes asking again harmless
    }
  }

  async function ask(address, options) {
    const patience = new AbortController();
    const timer = setTimeout(() => patience.abort(), PATIENCE);
    try {
      const headers = { "X-Requested-With": "fetch" };
      const response = await fetch(address, { ...options, headers, signal: patience.signal });
      return { status: response.status, words: await response.text() };
    } finally {
      clearTimeout(timer);
    }
  }

  function tryAgainLater(act) {
    notice.textContent = act.isDraft ? notice.dataset.offline : notice.dataset.offlinePress;
    if (act.fields.command === "apua") numbers.hidden = false; // help doesn't wait for a network
    const pause = Math.min(LONGEST_PAUSE, 1000 * 2 ** failures);
    failures += 1;
    retry = setTimeout(sendNext, pause * (0.75 + Math.random() / 2));
  }

  function confirmed(act) {
    if (!hasTold) forgetLink();
    if (act.isDraft && field.value === act.fields.text) {
      field.value = "";
      keepDraft();
      stopTyping();
    }
    if (act.fields.command === "apua") numbers.hidden = true;
    setTimeout(() => act.button?.removeAttribute("aria-disabled"), DOUBLE_TAP);
    isFollowing = true;
    refresh();
    listen();
  }

  function refused(act, response) {
    act.button?.removeAttribute("aria-disabled");
    fault.textContent = response.words;
    if (response.status === 409) {
      document.getElementById("own-tab").hidden = false;
      numbers.hidden = false;
    }
    if (act.isDraft) {
      draft.isSent = false;
      keepDraft();
      field.setAttribute("aria-invalid", "true");
      field.focus();
    }
  }

  // --- writing -------------------------------------------------------------------------------------------------

  let draft = { text: "", key: newKey() }; // the key is of these very words: others are another message
  const drafts = storage();

  // In a frame on another site a browser may forbid to keep anything: then a draft lives as long as the page.
  function storage() {
    try {
      return sessionStorage;
    } catch {
      return null;
    }
  }

  // The draft outlives a reload, with its key: sent again after a lost answer, it still counts once. What was sent
  // and not confirmed goes out again by itself, as was promised.
  function keepDraft() {
    if (field.value !== draft.text) draft = { text: field.value, key: newKey() };
    if (field.value === "") drafts?.removeItem(DRAFT);
    else drafts?.setItem(DRAFT, JSON.stringify(draft));
    grow();
  }

  function bringBackDraft() {
    const kept = JSON.parse(drafts?.getItem(DRAFT) ?? "null");
    if (kept === null) return;
    if (field.value === "") {
      field.value = kept.text;
      draft = kept;
      grow();
    }
    if (kept.isSent) send({ key: kept.key, fields: { text: kept.text }, isDraft: true });
  }

  function grow() {
    if (CSS.supports("field-sizing", "content")) return;
    field.rows = 1;
    while (field.rows < 4 && field.scrollHeight > field.clientHeight) field.rows += 1;
  }

  field.addEventListener("input", () => {
    if (field.value === draft.text) return; // a keyboard has finished its word, and changed nothing
    // What is being rewritten is not sent behind the writer's back; what is on its way goes on.
    const place = waiting.findIndex((act) => act.isDraft && act !== sending);
    if (place !== -1) {
      waiting.splice(place, 1);
      notice.textContent = "";
    }
    keepDraft();
    tellTyping();
  });

  // While a person is to answer they see that something is being written, never what.
  let typingToldAt = 0;
  let typingEnds = 0;

  function tellTyping() {
    if (field.value === "") return stopTyping();
    if (document.getElementById("keep") === null) return;
    clearTimeout(typingEnds);
    typingEnds = setTimeout(stopTyping, TYPING_ENDS);
    if (Date.now() - typingToldAt < TYPING_AGAIN) return;
    typingToldAt = Date.now();
    postTyping("on");
  }

  function stopTyping() {
    clearTimeout(typingEnds);
    if (typingToldAt === 0) return;
    typingToldAt = 0;
    postTyping("off");
  }

  function postTyping(state) {
    const body = new URLSearchParams({ typing: state });
    fetch(`${base}/typing`, { method: "POST", body, keepalive: true }).catch(() => {}); // it ends by itself
  }

  addEventListener("pagehide", stopTyping);

  // With a finger, Enter makes a new line, and after sending the keyboard makes room for the answer.
  function hasKeyboard() {
    return matchMedia("(hover: hover) and (pointer: fine)").matches;
  }

  field.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing && hasKeyboard()) {
      event.preventDefault();
      writing.requestSubmit();
    }
  });

  writing.addEventListener("submit", (event) => {
    event.preventDefault();
    if (hasKeyboard()) field.focus();
    if (waiting.some((act) => act.key === draft.key)) sendNext();
    else if (field.value.trim() !== "") {
      draft.isSent = true;
      keepDraft();
      send({ key: draft.key, fields: { text: field.value }, isDraft: true });
    }
  });

  acts.addEventListener("submit", (event) => {
    const button = event.submitter;
    if (button === null) return;
    event.preventDefault();
    if (button.getAttribute("aria-disabled") === "true") return;
    button.setAttribute("aria-disabled", "true");
    send({ key: newKey(), fields: { [button.name]: button.value }, isDraft: false, button });
  });

  // A question of a card goes into the field, to be edited; what its writer has begun themselves stays before it.
  let cardQuestion = "";

  lines.addEventListener("click", (event) => {
    const link = event.target.closest("[data-draft]");
    if (link === null) return;
    event.preventDefault();
    const begun = field.readOnly ? "" : field.value.trim(); // else it is on its way
    const own = ["", cardQuestion].includes(begun) ? "" : `${begun}\n`;
    cardQuestion = link.dataset.draft;
    field.value = own + cardQuestion;
    field.dispatchEvent(new Event("input"));
    field.focus();
  });

  // --- reading -------------------------------------------------------------------------------------------------

  let isFollowing = false; // the asker has just done something: show what comes of it
  let isReading = false;
  let isStale = false;
  let rereading = 0;

  async function refresh() {
    clearTimeout(rereading);
    isStale = true;
    if (isReading) return;
    isReading = true;
    while (isStale) {
      isStale = false;
      await read();
    }
    isReading = false;
  }

  async function read() {
    const known = lines.querySelectorAll("[data-id]");
    const since = known.length === 0 ? 0 : known[Math.max(0, known.length - OVERLAP)].dataset.id;
    try {
      const { status, words } = await ask(`${base}/messages?since=${since}`);
      await unpressed();
      if (status === 205) location.reload();
      else if (status === 410) gone(words);
      else if (status === 200) show(words);
      else if (status >= 500) rereading = setTimeout(refresh, BUSY * (0.75 + Math.random() / 2)); // nobody else tells of it
    } catch (fault) {
      // Offline: the stream's reconnection, "online" or the next act reads again. Who waited in vain asks anew.
      if (fault.name === "AbortError") isStale = true;
    }
  }

  // What is under a finger stays there until it is off: a press that ends beside its button is none, and is lost.
  let isPressed = false;
  let released = () => {};

  function unpressed() {
    if (!isPressed) return undefined;
    return new Promise((done) => {
      released = done;
      setTimeout(done, LONGEST_PRESS);
    });
  }

  function endPress() {
    isPressed = false;
    setTimeout(() => released(), TAP);
  }

  addEventListener("pointerdown", () => (isPressed = true), true);
  addEventListener("pointerup", endPress, true);
  addEventListener("pointercancel", endPress, true);

  function show(html) {
    const page = document.documentElement;
    const wasAtEnd = window.innerHeight + window.scrollY >= page.scrollHeight - 80;
    const fragment = document.createElement("template");
    fragment.innerHTML = html;
    showWays(fragment.content.getElementById("keep"));
    lines.querySelectorAll("[data-waiting]").forEach((line) => line.remove());
    const fresh = [...fragment.content.querySelectorAll("li.said")].filter(
      (line) => !line.id || document.getElementById(line.id) === null,
    );
    for (const line of fresh) {
      const number = Number(line.dataset.id ?? Infinity);
      const next = [...lines.querySelectorAll("[data-id]")].find((other) => Number(other.dataset.id) > number);
      lines.insertBefore(line, next ?? null);
    }
    if (fresh.length === 0) return;
    if (wasAtEnd || isFollowing) fresh[0].scrollIntoView({ block: "start" });
    else below.hidden = false;
    if (fresh.some((line) => !line.classList.contains("asker"))) {
      isFollowing = false;
      tellParent("koppi:news");
    }
    if (document.hidden) document.title = `● ${title}`;
  }

  // The ways back and on come with a ticket and go with it; what is being copied from is left alone.
  function showWays(keep) {
    const shown = document.getElementById("keep");
    if (keep === null) shown?.remove();
    else if (shown === null) document.getElementById("ways").append(keep);
    offerCopying();
  }

  function offerCopying() {
    for (const button of document.querySelectorAll("[data-copy]")) button.hidden = !navigator.clipboard;
  }

  document.getElementById("ways").addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (button === null) return;
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).value);
    notice.textContent = button.dataset.copied;
  });

  // Erased, or gone on in Telegram: nothing of it stays on the page or in the browser.
  function gone(words) {
    lines.querySelectorAll("[data-id], [data-waiting]").forEach((line) => line.remove());
    showWays(null);
    typing.textContent = "";
    field.value = "";
    keepDraft();
    notice.textContent = words;
  }

  below.addEventListener("click", () => {
    below.hidden = true;
    lines.lastElementChild.scrollIntoView({ block: "start" });
    field.focus({ preventScroll: true });
  });

  addEventListener("scroll", () => {
    const page = document.documentElement;
    if (window.innerHeight + window.scrollY >= page.scrollHeight - 80) below.hidden = true;
  });

  let stream = null;

  // The stream says only that something changed. The browser reconnects by itself, except after an answer that is no
  // stream (a proxy's error, too many open pages): then we come back, and look ourselves meanwhile.
  function listen() {
    if (stream !== null) return;
    stream = new EventSource(`${base}/events`);
    stream.addEventListener("changed", refresh);
    stream.addEventListener("typing", (event) => (typing.textContent = event.data));
    stream.addEventListener("quiet", () => (typing.textContent = ""));
    stream.addEventListener("error", () => {
      typing.textContent = "";
      if (stream.readyState !== EventSource.CLOSED) return;
      stream = null;
      setTimeout(() => {
        refresh();
        listen();
      }, 10000);
    });
  }

  // --- coming and going ----------------------------------------------------------------------------------------

  function comeBack() {
    sendNext();
    if (stream !== null) refresh();
  }

  addEventListener("online", comeBack);
  addEventListener("pageshow", (event) => {
    if (event.persisted) comeBack();
  });
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) return;
    document.title = title;
    comeBack();
  });

  // The page around the frame hears that, and nothing of what is said.
  function tellParent(what) {
    if (framed !== undefined) parent.postMessage(what, "*");
  }

  addEventListener("keydown", (event) => {
    if (event.key === "Escape") tellParent("koppi:close");
  });

  // That somebody looks at the page is counted, not who; one that is loaded ahead or behind others is not looked at.
  function tellOpened() {
    if (document.prerendering || document.visibilityState !== "visible") return;
    document.removeEventListener("visibilitychange", tellOpened);
    const body = new URLSearchParams(cameBy === undefined ? {} : { campaign: cameBy });
    fetch(`${base}/opened?kieli=${document.documentElement.lang}`, { method: "POST", body, keepalive: true }).catch(() => {});
  }

  document.addEventListener("visibilitychange", tellOpened);
  document.addEventListener("prerenderingchange", tellOpened);
  tellOpened();

  bringBackDraft();
  offerCopying();
  if ("begun" in document.body.dataset) {
    listen();
    document.getElementById("latest")?.scrollIntoView({ block: "start" });
  }
})();
