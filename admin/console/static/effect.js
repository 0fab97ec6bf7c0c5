// Looks at what an edit of the FAQ would change without leaving the form, and tells how far that is.
// Without it the form is sent and comes back with the effect in it.
"use strict";

const STAGES = {
  waiting: "Odotetaan, että toinen kokeilu on valmis…",
  learning: "Opetellaan vastauksia kokeeksi…",
  asking: "Kysytään kysymyksiä uudelleen…",
};

const place = document.getElementById("effect");
const goes = document.getElementById("effect-goes");
const form = place?.closest("form");
let looking = null;

form?.addEventListener("submit", (event) => {
  if (event.submitter?.value !== "look") return;
  event.preventDefault();
  look(event.submitter);
});

// What was looked at is not what would be published any more.
form?.addEventListener("input", () => {
  looking?.abort();
  if (!place.hidden) goes.textContent = "Muutit tekstiä: katso vaikutus uudelleen.";
  place.hidden = true;
});

async function look(button) {
  looking?.abort();
  const asked = (looking = new AbortController());
  const body = new URLSearchParams(new FormData(form, button));
  button.setAttribute("aria-disabled", "true");
  goes.textContent = "Aloitetaan…";
  try {
    const answer = await fetch(form.action, {
      method: "POST",
      body,
      headers: { "X-Requested-With": "effect" },
      signal: asked.signal,
    });
    if (!answer.headers.get("content-type")?.startsWith("application/x-ndjson")) {
      sendAsForm(button); // there is something to mend, or to log in again: the page says what
      return;
    }
    let html = null;
    for await (const line of lines(answer.body)) {
      const told = JSON.parse(line);
      if ("html" in told) html = told.html;
      else goes.textContent = `${STAGES[told.stage]} ${told.percent} %`;
    }
    if (html === null) throw new Error("the effect is missing");
    place.replaceChildren(...new DOMParser().parseFromString(html, "text/html").body.childNodes);
    place.hidden = false;
    goes.textContent = "Vaikutus on laskettu.";
    place.focus();
  } catch (error) {
    if (error.name !== "AbortError") goes.textContent = "Vaikutusta ei saatu laskettua. Yritä uudelleen.";
  } finally {
    if (looking === asked) looking = null;
    button.removeAttribute("aria-disabled");
  }
}

function sendAsForm(button) {
  const act = document.createElement("input");
  act.type = "hidden";
  act.name = button.name;
  act.value = button.value;
  form.append(act);
  form.submit();
}

async function* lines(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    rest += value;
    const whole = rest.split("\n");
    rest = whole.pop();
    yield* whole;
  }
}
