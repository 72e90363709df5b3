/* What the planner's page and the server say to each other (vendors/views/planning.py). */

/** A place along a kerb; `step` moves it by so many metres. */
interface KerbPlace {
  road: number | string;
  side: string;
  metre: number;
  step?: number;
}
type Where = KerbPlace | { lon: number; lat: number };

/** Where the footprint is, as the server said. */
interface Standing extends KerbPlace {
  name: string;
  side_name: string;
  lon: number;
  lat: number;
}

interface Verdict {
  state: "good" | "warn" | "bad" | "due" | "unknown";
  code: string;
  check: string;
  what: string;
  sentence: string;
  unit: string;
  found: number | null;
  required: number | null;
  to_measure: boolean;
  culprit: { link?: string; geometry?: GeoJSON.Geometry; gap?: { coordinates: [number, number][] } } | null;
}

type Ring = [number, number][];

interface Answer {
  at: Standing;
  called: string;
  length: number;
  depth: number;
  from_m: number;
  to_m: number;
  footprint: { coordinates: Ring[] };
  pitches: { geometry: { coordinates: Ring[] } }[];
  state: "good" | "warn" | "bad" | "unruled";
  verdicts: Verdict[];
  others: Standing[];
}

/** The fields of the form, by name. */
type Values = Record<string, string | number>;

interface Start {
  words: Words;
  urls: { verdict: string; nearest: string; save: string; kerbs: string; suggest: string };
  /** The layer of which the search suggests. */
  suggested: string;
  defaults: Record<string, Values>;
  measured: Record<string, string[]>;
  version: number | null;
  site?: string;
  draft?: Values & { at: KerbPlace; was: { coordinates: Ring[] } };
  at?: Where;
  pitches?: number;
}

/** Metres that a rule takes of the kerbs. */
interface Lost {
  code: string;
  what: string;
  metres: number;
}
/** One line of the kerbs' answer; `metres` and `lost_m` come with the last. */
interface KerbsPart extends GeoJSON.FeatureCollection {
  share: number;
  metres: Record<"free" | "warned" | "barred" | "unruled", number>;
  lost_m: Lost[];
}

interface Window {
  /** For the journeys and the benchmarks. */
  gridmgrPlan: { timings: Timing[]; readonly at: Standing | null; readonly answer: Answer | null; idle(): boolean };
}

/** Of one move: milliseconds until its verdict, or a later move's, was on the screen, and where they went. */
interface Timing {
  total: number;
  waited: number;
  answered: number;
  painted: number;
}
