// Makes the open page follow what happens; without it every page works as plain forms and links.
//
// The server says which version there is now. A page that shows another one fetches itself and takes over what is
// marked data-live; fields that somebody is writing in are never among that.

import { withBadge } from "./waiting.js";

const page = document.body;
const lost = document.getElementById("lost");
const ended = document.getElementById("ended");
const MINUTE = 60_000;
const POLL = 15_000;

let stream = null;
let refreshing = false;
let again = false;

async function refresh() {
  if (refreshing) {
    again = true;
    return;
  }
  refreshing = true;
  try {
    const shown = "shown" in page.dataset ? { "X-Shown": page.dataset.shown } : {}; // asked for again, it is no second look
    const answer = await fetch(page.dataset.self ?? location.href, { headers: { "X-Requested-With": "refresh", ...shown } });
    if (answer.status === 401) sessionEnded();
    if (answer.status === 404) gone();
    if (!answer.ok) return;
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const old of document.querySelectorAll("[data-live]")) {
      const now = fresh.getElementById(old.id);
      if (now) takeOver(old, now);
    }
    for (const name of ["version", "shown"]) if (name in fresh.body.dataset) page.dataset[name] = fresh.body.dataset[name];
    document.title = withBadge(fresh.title);
  } catch {
    lost.hidden = false;
  } finally {
    refreshing = false;
    if (again) {
      again = false;
      refresh();
    }
  }
}

// Changes only what differs, so that the focus, the reading position and a screen reader's place stay where they are.
function takeOver(old, now) {
  if (old.isEqualNode(now)) return;
  const kept = new Map([...old.children].filter((child) => child.id).map((child) => [child.id, child]));
  const isList = [...now.children].length > 0 && [...now.children].every((child) => child.id);
  const nested = !isList && sameShape(old, now);
  copyAttributes(old, now);
  if (nested) {
    for (const [index, child] of [...now.children].entries()) takeOver(old.children[index], child);
    return;
  }
  if (!isList) {
    const focused = document.activeElement;
    const hadFocus = old.contains(focused);
    const place = hadFocus ? [...old.querySelectorAll("a, button, input")].indexOf(focused) : -1;
    old.replaceChildren(...now.childNodes);
    if (hadFocus) (old.querySelectorAll("a, button, input")[place] ?? document.getElementById("main")).focus();
    return;
  }
  const log = old.closest("[role=log]");
  const wasAtEnd = log && log.scrollHeight - log.scrollTop - log.clientHeight < 80;
  let before = old.firstElementChild;
  for (const child of [...now.children]) {
    const standing = kept.get(child.id);
    kept.delete(child.id);
    if (!standing) {
      old.insertBefore(child, before);
      continue;
    }
    if (standing !== before) old.insertBefore(standing, before);
    else before = before.nextElementSibling;
    takeOver(standing, child);
  }
  for (const gone of kept.values()) gone.remove();
  if (wasAtEnd) log.scrollTop = log.scrollHeight;
}

// Only elements inside, as many and of the same kind: then each takes over its own.
function sameShape(old, now) {
  const hasWords = (node) => [...node.childNodes].some((child) => child.nodeType === Node.TEXT_NODE && child.data.trim());
  return (
    old.children.length > 0 &&
    old.children.length === now.children.length &&
    !hasWords(old) &&
    !hasWords(now) &&
    [...old.children].every((child, index) => child.tagName === now.children[index].tagName)
  );
}

function copyAttributes(old, now) {
  const isUnfolded = old.tagName === "DETAILS" && old.open; // by whoever reads it
  for (const { name } of [...old.attributes]) if (!now.hasAttribute(name)) old.removeAttribute(name);
  if (isUnfolded) old.open = true;
  for (const { name, value } of [...now.attributes]) old.setAttribute(name, value);
}

function listen() {
  if (stream || document.hidden || !page.dataset.events) return;
  stream = new EventSource(page.dataset.events);
  stream.addEventListener("open", () => {
    lost.hidden = true;
    dispatchEvent(new Event("connected"));
  });
  stream.addEventListener("changed", (event) => event.data !== page.dataset.version && refresh());
  stream.addEventListener("ended", sessionEnded);
  stream.addEventListener("presence", (event) => showPresence(JSON.parse(event.data)));
  stream.addEventListener("typing", () => showTyping(true));
  stream.addEventListener("quiet", () => showTyping(false));
  stream.addEventListener("error", () => {
    showTyping(false);
    lost.hidden = !ended.hidden;
    if (stream && stream.readyState === EventSource.CLOSED) {
      stream = null; // the server refused: look why, and try again
      refresh();
      setTimeout(listen, 5000);
    }
  });
}

// Who else has which ticket open, in words: a hint that comes and goes, and no reason to load the page anew.
function showPresence(words) {
  for (const place of document.querySelectorAll("[data-presence]")) {
    const now = words[place.dataset.presence] ?? "";
    if (place.textContent !== now) place.textContent = now;
  }
}

function showTyping(isTyping) {
  const line = document.getElementById("asker-types");
  if (line) line.textContent = isTyping ? line.dataset.words : "";
}

function sessionEnded() {
  stopListening();
  delete page.dataset.events;
  lost.hidden = true;
  ended.hidden = false;
  ended.querySelector("a").href = `/console/login?to=${encodeURIComponent(location.pathname)}`;
}

// An asker had it erased, say: then nothing of it may stay on the screen, and what one was writing is given back.
function gone() {
  stopListening();
  delete page.dataset.events;
  const say = document.getElementById("say");
  if (!say?.elements.namedItem("text").value) return location.replace(page.dataset.self ?? location.href);
  const act = Object.assign(document.createElement("input"), { type: "hidden", name: "act", value: "draft" });
  say.append(act);
  say.submit();
}

function stopListening() {
  showTyping(false);
  stream?.close();
  stream = null;
}

if (page.dataset.events) {
  listen();
  addEventListener("online", refresh);
  // A hidden page gives its connection back (a browser has six for us); the queue's title still counts what is free.
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) {
      stopListening();
    } else if (page.dataset.events) {
      refresh();
      listen();
    }
  });
  setInterval(() => !document.hidden && page.dataset.events && "poll" in page.dataset && refresh(), MINUTE);
  setInterval(() => document.hidden && page.dataset.events && "poll" in page.dataset && refresh(), POLL);
}
