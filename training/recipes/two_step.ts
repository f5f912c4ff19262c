/**
 * Slopes as coarse feature extractors: first only the slopes learn, all weights frozen as they were drawn, batch norms among them; then what has a slope of
 * 0.03 or less is cut and the slopes are frozen, and the weights learn. The authors mask in place of the cut and take 500 and 700 epochs; here 12 and 18.
 *
 * Measured: not yet.
 */
import { rrelu, training } from "./rrelu.ts";
import type { StagedRecipe } from "./staged.ts";

export const twoStep: StagedRecipe = {
  ...rrelu,
  name: "two-step",
  title: "first the slopes alone, then, with dead filters cut, the weights alone",
  stages: [
    { ...training, name: "slopes", epochs: 12, rest: { frozen: true } },
    { kind: "cut", criterion: "slope", goal: { threshold: 0.03 }, minimum: 1 },
    { ...training, name: "weights", epochs: 18, slopes: { frozen: true } },
  ],
};
