/* Shapes of what passes between the server and the scripts, and between the scripts. Read by tsc and by people alone. */

type Words = Record<string, string>;
type Point = { x: number; y: number };

/** A feature of a vector tile: rings in the tile's own grid of EXTENT steps; `box` (left, top, right, bottom) in files without a server. */
interface TileFeature {
  id?: number | string;
  type: number;
  properties: Record<string, any>;
  rings: Point[][];
  box?: [number, number, number, number];
}
/** The features of a tile, by layer. */
type Tile = Record<string, TileFeature[]>;

interface FieldSpec {
  name: string;
  label: string;
  kind: string;
  choices: Words;
}

/* A layer's style as style.py's `for_script` gives it. */

/** A size by zoom. */
type Ramp = number | { stops: [number, number][]; base: number };
interface LineStyle {
  width: Ramp;
  by: string;
  times: Record<string, number>;
  narrowed: [string, number] | null;
  ground: { metres: number | string; most: Ramp | null; fromZoom: number } | null;
  casing: { colour: string; more: Ramp } | null;
  stripes: { colour: string; share: number; dash: [number, number] } | null;
  others: { of: string; share: Ramp; opacity: number } | null;
  focus: number;
}
interface BodyStyle {
  fill: string;
  opacity: number;
  edge: string;
  width: Ramp | null;
  dash: [number, number] | null;
  by: string;
  fills: Record<string, [string, string]>;
  ink: string;
  hatched: boolean;
  focus: number;
}
interface LabelStyle {
  of: string;
  fromZoom: number;
  ink: string;
  badge: boolean;
}
interface NamesStyle {
  by: string;
  kinds: Record<string, { size: Ramp; bold: [boolean, boolean]; fromZoom: Ramp }>;
}
interface LetterStyle {
  of: string;
  says: Words;
  other: string;
  fromZoom: number;
}

/** A layer as maps.py declares it (`_spec`). */
interface LayerSpec {
  name: string;
  title: string;
  heading: string;
  page: string;
  way: string;
  shape: string;
  colour: string;
  glyph: string;
  painted: boolean;
  by: string;
  glyphs: Record<string, [string, string]>;
  whole: [string, string[]] | null;
  minZoom: number;
  markerZoom: number;
  line: LineStyle;
  body: BodyStyle;
  outline: BodyStyle;
  label: LabelStyle | null;
  names: NamesStyle | null;
  letter: LetterStyle | null;
  searched: boolean;
  clusteredBelow: number;
  fields: FieldSpec[];
}

/** Where a file without a server holds its data: metres of EPSG:3857, and ids of elements. */
interface InlinePlace {
  west: number;
  south: number;
  unit: number;
  extent: number;
  data: Record<string, string>;
  points: string;
}

interface GroupSpec {
  url: string;
  query: Record<string, string>;
  order: number;
  layers: LayerSpec[];
  inline: InlinePlace | null;
  onDemand?: boolean;
  title?: string;
  fromZoom?: number;
}

interface OverlaySpec {
  name: string;
  markers: string;
  query: Record<string, string>;
}

interface LegendSpec {
  layer: string;
  shape: string;
  signs: [string, string, string][];
  apart: string;
}

interface BranchSpec {
  code: string;
  name: string;
  colour: number;
  bbox: Box;
}
/** West, south, east, north in degrees. */
type Box = [number, number, number, number];

/** What the whole map has to know (maps.py, `_page`). */
interface PageSpec {
  bounds: [[number, number], [number, number]] | null;
  focus: [string, string | number] | null;
  full: boolean;
  attribution: string;
  colours: Record<string, string>;
  branches: string[];
  language: string;
  words: Words;
  legend: LegendSpec[];
  branchList: BranchSpec[];
  own: string;
  inline: boolean;
  onFoot: boolean;
}

/** What search finds. */
interface Found {
  kind?: string;
  title: string;
  subtitle?: string;
  url?: string;
  bbox?: Box;
  lon?: number;
  lat?: number;
}

/** A text on a tile: its middle in pixels, and what is drawn around it. */
interface Label {
  x: number;
  y: number;
  text: string;
  size: number;
  width: number;
  angle?: number;
  important?: boolean;
  ink?: string;
  badge?: string;
  sign?: string;
}

interface PointFeature {
  id?: number | string;
  geometry: { coordinates: [number, number] } | null;
  properties: Record<string, any>;
}

/** The data of a map file that is opened without a server. */
interface InlineSource {
  tile(z: number, x: number, y: number): Tile;
  points(name: string): PointFeature[];
  find(words: string): Found[];
}

/** An Error that says what is wrong, and of what kind it is. */
interface Trouble extends Error {
  kind?: "offline" | "login" | "refused";
  status?: number;
  body?: any;
}

type TileGroup = import("./map/tiles.js").TileGroup;
type Overlay = import("./map/overlays.js").Overlay;
/** A Leaflet map with what ours has beside. */
type GridMap = L.Map & { gridmgr: { page: PageSpec; groups: TileGroup[]; notice: L.Control | null } };

declare const vectorTile: {
  PbfReader: new (bytes: Uint8Array) => unknown;
  VectorTile: new (reader: unknown) => {
    layers: Record<string, { length: number; feature(index: number): { id?: number; type: number; properties: Record<string, any>; loadGeometry(): Point[][] } }>;
  };
};

interface Window {
  /** What Folium's script calls, and what the map at hand is. */
  gridmgr: {
    map(id: string, specification: PageSpec): GridMap;
    tileGroup(map: GridMap, spec: GroupSpec): TileGroup;
    overlay(group: TileGroup, spec: OverlaySpec): Overlay;
    switches(overlays: Record<string, L.Layer>): L.Control.Layers;
    current: GridMap | null;
  };
}
interface DocumentEventMap {
  "gridmgr:map": CustomEvent<GridMap>;
}
