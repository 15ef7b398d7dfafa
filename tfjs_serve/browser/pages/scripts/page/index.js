// On all pages: a button to copy each box of code.

import { addCopyButtons } from "../shared/copy.js";

addCopyButtons(document);
