import { setUpContents } from "./contents.ts";
import { setUpDownloads } from "./download.ts";
import { setUpEnlarging } from "./enlarge.ts";
import { setUpHover } from "./hover.ts";
import { setUpLanguage } from "./language.ts";
import { setUpSurfaces } from "./turn.ts";
import { setUpTheme } from "./theme.ts";

setUpLanguage();
setUpTheme();
setUpHover();
setUpSurfaces();
setUpDownloads();
setUpContents();
setUpEnlarging();
