"use strict";
// The secret stands behind the # of the address, which the browser sends to nobody: it goes into the form, and out of
// the address bar and the history. Opening stays a press.

(() => {
  const secret = location.hash.slice(1);
  if (secret === "") return;
  history.replaceState(null, "", location.pathname);
  document.getElementById("link").value = secret;
  document.getElementById("pasting").hidden = true;
})();
