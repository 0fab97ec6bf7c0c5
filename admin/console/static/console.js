// What the console's pages do beyond plain forms and links, one concern a file; without scripts every page works.
import "./live.js";
import "./composer.js";
import "./keys.js";
import "./waiting.js";
import "./effect.js";
import "./suggestions.js";

if (document.querySelector("[data-forget]")) sessionStorage.clear();
