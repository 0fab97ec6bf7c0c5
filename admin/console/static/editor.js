// The preview follows what is being written; without it the button does the same. Who leaves unsaved text is asked.

const form = document.getElementById("editor");
const WAIT = 500; // after the last key
let waiting = 0;
let asking = null;
let isUnsaved = false;

form?.addEventListener("input", () => {
  isUnsaved = true;
  clearTimeout(waiting);
  waiting = setTimeout(look, WAIT);
});

form?.addEventListener("submit", () => (isUnsaved = false));

addEventListener("beforeunload", (event) => isUnsaved && event.preventDefault());

async function look() {
  asking?.abort();
  const asked = (asking = new AbortController());
  const body = new URLSearchParams(new FormData(form));
  body.set("act", "live");
  try {
    const answer = await fetch(form.action, { method: "POST", body, signal: asked.signal });
    if (!answer.ok) return;
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("preview");
    if (fresh && asking === asked) document.getElementById("preview").replaceChildren(...fresh.childNodes);
  } catch (error) {
    if (error.name !== "AbortError") document.getElementById("preview-state").textContent = "Esikatselu ei päivity: ei yhteyttä. Kirjoittamasi on tallessa tällä sivulla.";
  }
}
