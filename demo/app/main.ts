/** The page: five screens over one studio. */
import { startCompare } from "./compare.ts";
import { startCut } from "./cut.ts";
import { byId } from "./dom.ts";
import { startHinge } from "./hinge.ts";
import { notice, tell } from "./notices.ts";
import { startOffline } from "./offline.ts";
import { startOwn } from "./own.ts";
import { listen, type State, state, update } from "./store.ts";
import { openStudio, studio } from "./studio.ts";
import { startTake } from "./take.ts";
import { startTraining } from "./train.ts";

startHinge();
startTraining();
startCut();
startCompare();
startOwn();
startTake();
startSteps();
watchVisibility();
update({ phase: state.phase });
openStudio().then(
  () => {
    if (state.storage === "unavailable")
      notice("This browser keeps nothing for the page (a private window, perhaps): a reload begins anew.", { name: "storage" });
  },
  (error) => {
    update({ phase: "failed" });
    tell(error);
  },
);
startOffline();

/** Marks the step that is in view, and those that are done. */
function startSteps(): void {
  const links = [...byId("steps").querySelectorAll("a")];
  const inView = new Map<string, number>();
  const observer = new IntersectionObserver(
    (entries) => {
      for (const { target, intersectionRect } of entries) inView.set(target.id, intersectionRect.height);
      const [most] = [...inView].sort((a, b) => b[1] - a[1])[0] ?? [];
      for (const link of links) {
        if (link.hash === `#${most}`) link.setAttribute("aria-current", "step");
        else link.removeAttribute("aria-current");
      }
    },
    { threshold: Array.from({ length: 11 }, (_, i) => i / 10) },
  );
  for (const link of links) observer.observe(byId(link.hash.slice(1)));
  listen(({ phase }) => {
    const cut: readonly State["phase"][] = ["done"];
    const trained: readonly State["phase"][] = ["trained", "tuning", "tuning-paused", "testing", ...cut];
    for (const link of links) {
      const done = (link.hash === "#train" && trained.includes(phase)) || (link.hash === "#cut" && cut.includes(phase));
      link.toggleAttribute("data-done", done);
    }
  });
}

/** A hidden tab goes on training, slower perhaps; what it has is saved first. */
function watchVisibility(): void {
  let hiddenAt = 0;
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) {
      hiddenAt = performance.now();
      void studio.keep().catch(() => {});
    } else if ((state.phase === "training" || state.phase === "tuning") && performance.now() - hiddenAt > 10_000)
      notice("Training went on while this tab was hidden; browsers may slow it down there.", { name: "hidden" });
  });
}
