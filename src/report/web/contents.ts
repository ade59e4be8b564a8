/** Marks the link of the section that is being read, and keeps it in sight where links scroll. */
export function setUpContents(): void {
  const nav = document.querySelector("nav");
  const links = [...document.querySelectorAll<HTMLAnchorElement>("nav a")];
  const sections = links.flatMap(({ hash }) => document.querySelector<HTMLElement>(hash) ?? []);
  if (nav === null || sections.length === 0) return;
  let shown = -1;
  const mark = (): void => {
    const read = sections.findLastIndex((section) => section.getBoundingClientRect().top < innerHeight / 4);
    if (read === shown) return;
    links[shown]?.removeAttribute("aria-current");
    shown = read;
    const link = links[read];
    if (link === undefined) return;
    link.setAttribute("aria-current", "true");
    // scrollIntoView would scroll the page as well.
    const [frame, own] = [nav.getBoundingClientRect(), link.getBoundingClientRect()];
    nav.scrollLeft += own.left - frame.left - (frame.width - own.width) / 2;
    nav.scrollTop += own.top - frame.top - (frame.height - own.height) / 2;
  };
  nav.addEventListener("click", ({ target }) => {
    const index = links.findIndex((link) => target instanceof Node && link.contains(target));
    for (const details of sections[index]?.querySelectorAll("details") ?? []) details.open = true;
  });
  addEventListener("scroll", mark, { passive: true });
  addEventListener("resize", mark);
  mark();
}
