import { currentLanguage } from "./language.ts";

const names = {
  enlarge: { en: "enlarge", zh: "放大" },
  close: { en: "Close", zh: "关闭" },
} as const;

/** The window in which pictures are shown large; Esc closes it, and the focus goes back to where it was. */
function createViewer(): { readonly dialog: HTMLDialogElement; show(image: HTMLImageElement): void } {
  const dialog = document.createElement("dialog");
  const picture = document.createElement("img");
  const caption = document.createElement("p");
  const close = document.createElement("button");
  close.type = "button";
  close.addEventListener("click", () => dialog.close());
  dialog.append(picture, caption, close);
  document.body.append(dialog);
  return {
    dialog,
    show: (image) => {
      picture.src = image.src;
      picture.alt = image.alt;
      // Small images keep their pixels as squares.
      picture.className = image.closest(".smooth") ? "smooth" : "";
      const { naturalWidth, naturalHeight } = image;
      const factor = Math.min((0.9 * innerWidth) / naturalWidth, (0.78 * innerHeight) / naturalHeight);
      picture.width = Math.round(naturalWidth * (factor > 2 ? Math.floor(factor) : factor));
      caption.replaceChildren(...(image.nextElementSibling?.cloneNode(true).childNodes ?? []));
      close.textContent = names.close[currentLanguage()];
      if (!dialog.open) dialog.showModal();
    },
  };
}

/** Pictures open large by a click, Enter or the space bar; then the arrow keys go to the next ones. */
export function setUpEnlarging(): void {
  const images = [...document.querySelectorAll<HTMLImageElement>(".pictures img")];
  if (images.length === 0) return;
  const { dialog, show } = createViewer();
  let shown = 0;
  const go = (index: number): void => {
    shown = (index + images.length) % images.length;
    show(images[shown]);
  };
  images.forEach((image, index) => {
    image.tabIndex = 0;
    image.setAttribute("role", "button");
    image.setAttribute("aria-label", `${image.alt}: ${names.enlarge[currentLanguage()]}`);
    image.addEventListener("click", () => go(index));
    image.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      go(index);
    });
  });
  dialog.addEventListener("keydown", ({ key }) => {
    if (key === "ArrowRight") go(shown + 1);
    if (key === "ArrowLeft") go(shown - 1);
  });
  // The dialog itself is hit only beside what it holds.
  dialog.addEventListener("click", ({ target }) => target === dialog && dialog.close());
}
