import { drawSurface, firstView, type SurfaceShape, type SurfaceView } from "../surface.ts";

const STEEPEST = Math.PI / 2;

/** Surfaces turn with the mouse, the finger and the arrow keys; the wheel with Ctrl brings them nearer. */
export function setUpSurfaces(within: ParentNode = document): void {
  for (const group of within.querySelectorAll<SVGGElement>(".surface")) {
    const svg = group.ownerSVGElement;
    if (svg === null) continue;
    const shape = JSON.parse(group.dataset["surface"] ?? "{}", (_, value: unknown) =>
      value === null ? NaN : value,
    ) as SurfaceShape;
    let view: SurfaceView = firstView;
    let isAsked = false;
    const look = (change: Partial<SurfaceView>): void => {
      view = { ...view, ...change };
      if (isAsked) return;
      isAsked = true;
      requestAnimationFrame(() => {
        isAsked = false;
        group.innerHTML = drawSurface(shape, view);
      });
    };
    const turnBy = (across: number, down: number): void =>
      look({ turn: view.turn + across / 150, tilt: Math.min(STEEPEST, Math.max(0, view.tilt + down / 150)) });
    svg.tabIndex = 0;
    svg.style.cursor = "grab";
    svg.style.touchAction = "none";
    svg.addEventListener("pointerdown", (event) => svg.setPointerCapture(event.pointerId));
    svg.addEventListener("pointermove", (event) => {
      if (event.buttons > 0) turnBy(event.movementX, event.movementY);
    });
    svg.addEventListener("dblclick", () => look(firstView));
    svg.addEventListener("keydown", ({ key }) => {
      const [across, down] = { ArrowLeft: [-15, 0], ArrowRight: [15, 0], ArrowUp: [0, -15], ArrowDown: [0, 15] }[
        key
      ] ?? [0, 0];
      turnBy(across, down);
    });
    svg.addEventListener(
      "wheel",
      (event) => {
        if (!event.ctrlKey) return;
        event.preventDefault();
        look({ zoom: Math.min(3, Math.max(0.5, view.zoom * (event.deltaY < 0 ? 1.1 : 0.9))) });
      },
      { passive: false },
    );
  }
}
