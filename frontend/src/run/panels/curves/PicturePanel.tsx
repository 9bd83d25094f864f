/** What the network has learned, as a picture: its decision boundary over the examples. */
import { useEffect, useRef } from "react";
import type { Picture } from "../../../api/types";
import { palette } from "../../../charts/palette";
import { whole } from "../../../format/numbers";
import { usePage } from "../../../state/store";
import { useDark } from "../../../ui/hooks/useTheme";
import * as styles from "./PicturePanel.module.css";

const SIDE = 232; // px; a multiple of it is drawn on dense screens
const DOT_PX = 1.6;

export function PicturePanel() {
  const picture = usePage((page) => page.open?.picture ?? null);
  if (!picture) return null;
  return (
    <section className="panel picture" aria-labelledby="picture">
      <div className="panel-head">
        <h2 id="picture">Decision boundary</h2>
        <p className="muted headline numbers">step {whole(picture.step)}</p>
      </div>
      <DecisionBoundary picture={picture} />
    </section>
  );
}

function DecisionBoundary({ picture }: { picture: Picture }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const dark = useDark();
  // biome-ignore lint/correctness/useExhaustiveDependencies: the colours that paint() reads change with the theme
  useEffect(() => {
    if (canvas.current) paint(canvas.current, picture);
  }, [picture, dark]);
  return (
    <canvas
      ref={canvas}
      className={styles.boundary}
      width={SIDE * 2}
      height={SIDE * 2}
      role="img"
      aria-label={`Where the network sees which class, at step ${whole(picture.step)}`}
    />
  );
}

type Colour = [number, number, number];

const rgb = (hex: string): Colour => [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16)) as Colour;

/** The network's belief as a tint, strongest where it is sure; the examples as dots on top. */
function paint(canvas: HTMLCanvasElement, picture: Picture): void {
  const context = canvas.getContext("2d");
  const rows = picture.z.length;
  const columns = picture.z[0]?.length ?? 0;
  if (!context || rows === 0 || columns === 0) return;
  const colours = palette();
  const [negative, positive] = [rgb(colours.train), rgb(colours.val)];
  const image = new ImageData(columns, rows);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const belief = picture.z[rows - 1 - row]?.[column] ?? 0.5; // y grows upwards
      const colour = belief > 0.5 ? positive : negative;
      const at = (row * columns + column) * 4;
      image.data.set([...colour, Math.round(Math.abs(belief - 0.5) * 2 * 150)], at);
    }
  }
  const small = new OffscreenCanvas(columns, rows);
  small.getContext("2d")?.putImageData(image, 0, 0);
  context.clearRect(0, 0, canvas.width, canvas.height);
  context.imageSmoothingEnabled = true;
  context.drawImage(small, 0, 0, canvas.width, canvas.height);
  dots(context, canvas, picture, colours.train, colours.val);
}

function dots(
  context: CanvasRenderingContext2D,
  canvas: HTMLCanvasElement,
  picture: Picture,
  ...colours: string[]
): void {
  const [x0, x1] = [picture.x[0] ?? -1, picture.x.at(-1) ?? 1];
  const [y0, y1] = [picture.y[0] ?? -1, picture.y.at(-1) ?? 1];
  const scale = canvas.width / SIDE;
  picture.points.x.forEach((x, i) => {
    const y = picture.points.y[i] ?? 0;
    context.beginPath();
    context.arc(
      ((x - x0) / (x1 - x0)) * canvas.width,
      (1 - (y - y0) / (y1 - y0)) * canvas.height,
      DOT_PX * scale,
      0,
      2 * Math.PI,
    );
    context.fillStyle = colours[(picture.points.label[i] ?? 0) % colours.length] ?? "";
    context.fill();
  });
}
