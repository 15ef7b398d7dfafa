// On pages that have no script of their own.

import { start } from "../shared/page.js";

start();
