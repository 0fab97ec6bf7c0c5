"use strict";
// A bubble on your page and, behind it, the chat in a frame from where this script comes. Nothing is asked of anybody
// before the bubble is pressed; what is written stays inside the frame. In a shadow tree, so that neither page's style
// reaches the other; the style is set by script, which a strict content policy allows.

(() => {
  const WORDS = {/* words */};
  const script = document.currentScript;
  const home = new URL(script.src).origin;
  const asked = (script.dataset.lang || document.documentElement.lang || "fi").slice(0, 2).toLowerCase();
  const language = asked in WORDS ? asked : "fi";
  const words = WORDS[language];

  const STYLE = `
    :host { all: initial; }
    [hidden] { display: none !important; }
    * { box-sizing: border-box; font: 16px/1.4 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
    button, a { min-height: 44px; padding: 8px 14px; border: 2px solid #fff; border-radius: 8px; background: #0b5d6b;
      color: #fff; font-weight: 600; cursor: pointer; display: inline-flex; align-items: center; gap: 8px; }
    .bubble { position: fixed; right: 16px; bottom: 16px; z-index: 2147483000; min-height: 56px; padding: 8px 20px 8px 14px;
      border-radius: 28px; box-shadow: 0 2px 8px rgb(0 0 0 / 30%); }
    .bubble svg { width: 32px; height: 32px; flex: none; }
    :focus-visible { outline: 3px solid #0b5d6b; outline-offset: 2px; box-shadow: 0 0 0 7px #fff; }
    .panel { position: fixed; right: 16px; bottom: 16px; z-index: 2147483000; width: 400px; max-width: calc(100vw - 32px);
      height: 680px; max-height: calc(100vh - 32px); max-height: calc(100dvh - 32px); display: flex;
      flex-direction: column; overflow: hidden; border: 1px solid #55666b; border-radius: 12px; background: #fbfaf7;
      box-shadow: 0 4px 24px rgb(0 0 0 / 30%); }
    .bar { display: flex; justify-content: space-between; gap: 8px; padding: 4px; background: #0b5d6b; }
    .bar button, .bar a { border-color: transparent; text-decoration: underline; }
    .bar :focus-visible { outline-color: #fff; outline-offset: -4px; box-shadow: none; }
    iframe { flex: 1; width: 100%; border: 0; }
    @media (max-width: 480px), (max-height: 480px) {
      .panel { inset: 0; width: 100%; max-width: none; height: 100%; max-height: none; border: 0; border-radius: 0; }
    }
    @media (forced-colors: active) { button, a { border-color: ButtonText; } .panel { border: 1px solid CanvasText; } }`;

  const MARK = `<svg viewBox="0 0 48 48" aria-hidden="true"><circle cx="25" cy="26.5" r="8" fill="#fff"/>
    <path d="M7.5 25A17 17 0 0 0 41 19.5" fill="none" stroke="#fff" stroke-width="5" stroke-linecap="round"/></svg>`;

  const host = document.createElement("div");
  host.lang = language;
  const shadow = host.attachShadow({ mode: "open" });
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(STYLE);
  shadow.adoptedStyleSheets = [sheet];
  shadow.innerHTML = `
    <button class="bubble" type="button" aria-haspopup="dialog" aria-expanded="false">${MARK}<span></span></button>
    <section class="panel" role="dialog" hidden>
      <div class="bar"><a target="_blank" rel="noopener noreferrer"></a><button type="button"></button></div>
    </section>`;
  const bubble = shadow.querySelector(".bubble");
  const label = bubble.querySelector("span");
  const panel = shadow.querySelector(".panel");
  const ownTab = panel.querySelector("a");
  const closing = panel.querySelector("button");
  let frame = null;

  label.textContent = words.open;
  panel.setAttribute("aria-label", words.title);
  ownTab.textContent = words.ownTab;
  ownTab.href = `${home}/`;
  closing.textContent = words.close;

  function open() {
    if (frame === null) {
      frame = document.createElement("iframe");
      frame.title = words.title;
      frame.allow = "clipboard-write";
      frame.addEventListener("load", enter); // focus given before there is a page in it would be lost
      frame.src = `${home}/widget?kieli=${language}`;
      panel.append(frame);
    }
    show(true);
    enter();
  }

  function enter() {
    if (!panel.hidden) frame.contentWindow.focus();
  }

  function close() {
    show(false);
    bubble.focus();
  }

  function show(isOpen) {
    panel.hidden = !isOpen;
    bubble.hidden = isOpen;
    bubble.setAttribute("aria-expanded", String(isOpen));
    label.textContent = words.open;
  }

  bubble.addEventListener("click", open);
  closing.addEventListener("click", close);
  panel.addEventListener("keydown", (event) => {
    if (event.key === "Escape") close();
  });
  addEventListener("message", (event) => {
    if (frame === null || event.origin !== home || event.source !== frame.contentWindow) return;
    if (event.data === "koppi:close" && !panel.hidden) close();
    if (event.data === "koppi:news" && panel.hidden) label.textContent = words.news;
  });

  const put = () => document.body.append(host);
  if (document.body) put();
  else addEventListener("DOMContentLoaded", put);
})();
