"use strict";
// The page is gone from the screen at once, however slow the next one is, and Back doesn't bring it.

(() => {
  document.getElementById("exit").addEventListener("click", (event) => {
    event.preventDefault();
    document.body.hidden = true;
    window.top.location.replace(event.currentTarget.href); // of a frame, the page around it, too
  });
  addEventListener("pageshow", () => {
    document.body.hidden = false;
  });
})();
