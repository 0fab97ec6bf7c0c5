// What waits for somebody to take it: counted in the title of each open page, and told of by a notification and a
// sound if one has asked for that. One of the open tabs listens for all, the hidden ones too: a browser has few
// connections for us, and a hidden page's clock is slow.

import { play } from "./sound.js";

const AGAIN = 30_000;
const KNOWN = "waiting"; // what this tab knows already, also after it has gone on to another page

const page = document.body;
const tabs = "waiting" in page.dataset ? new BroadcastChannel("waiting") : null;
let free = null; // by id, whether it is urgent

// The title with how many nobody has taken, as far as we know.
export function withBadge(title) {
  if (free === null) return title;
  const count = Object.keys(free).length;
  const bare = title.replace(/^\(\d+\) /, "");
  return count ? `(${count}) ${bare}` : bare;
}

function show(waits) {
  free = waits;
  document.title = withBadge(document.title);
}

function tell(waits) {
  const known = JSON.parse(sessionStorage.getItem(KNOWN) ?? "null");
  sessionStorage.setItem(KNOWN, JSON.stringify(waits));
  if (known === null) return; // just logged in: the page shows it all
  const news = Object.keys(waits).filter((id) => !(id in known) || (waits[id] && !known[id]));
  if (news.length === 0) return;
  const isUrgent = news.some((id) => waits[id]);
  if ("sound" in page.dataset) play(isUrgent);
  if ("notices" in page.dataset && window.Notification?.permission === "granted") notify(isUrgent);
}

function notify(isUrgent) {
  try {
    const words = isUrgent ? page.dataset.noticesUrgent : page.dataset.notices;
    const notice = new Notification(words, { tag: "waiting", renotify: true, requireInteraction: isUrgent, icon: "/console/static/mark.svg" });
    notice.addEventListener("click", () => {
      window.focus();
      notice.close();
    });
  } catch {
    // some phones have notifications, but none for a page
  }
}

function listen(end) {
  const stream = new EventSource(page.dataset.waiting);
  stream.addEventListener("waiting", (event) => {
    const waits = JSON.parse(event.data);
    show(waits);
    tabs.postMessage(waits);
    tell(waits);
  });
  stream.addEventListener("ended", () => {
    stream.close();
    end();
  });
  stream.addEventListener("error", () => {
    if (stream.readyState === EventSource.CLOSED) setTimeout(() => listen(end), AGAIN); // refused: perhaps not for long
  });
}

if (tabs) {
  tabs.addEventListener("message", ({ data }) => {
    if (data !== "?") show(data);
    else if (free) tabs.postMessage(free);
  });
  tabs.postMessage("?");
  navigator.locks?.request("waiting", () => new Promise(listen));
}

// --- the browser's leave, and trying the tones ----------------------------------------------------------------

const permission = document.getElementById("permission");
if (permission) {
  const [words, button] = [permission.querySelector("span"), permission.querySelector("button")];
  const ask = document.querySelector("[name=notices]");
  const look = () => {
    const state = window.Notification?.permission ?? "unsupported";
    const isWanted = ask ? ask.checked : true;
    permission.hidden = !isWanted || state === "granted" || (!words && state !== "default");
    button.hidden = state !== "default";
    if (words) words.textContent = permission.dataset[state] ?? "";
  };
  button.addEventListener("click", () => Notification.requestPermission().then(look));
  ask?.addEventListener("change", look);
  look();
}

const trying = document.getElementById("try-sound");
if (trying) {
  trying.hidden = false;
  trying.addEventListener("click", (event) => event.target.value && play(event.target.value === "urgent"));
}
