// The local page comes to life: all but what changes while one looks works without this.
import "uplot/dist/uPlot.min.css";
import "./page.css";
import "./ui.css";
import { wireTheme } from "./theme";

document.documentElement.classList.add("live");
wireTheme(() => undefined);
