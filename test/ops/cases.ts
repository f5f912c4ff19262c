/** All cases of all ops. */
import type { OpCase } from "./case.ts";
import { channelCases } from "./channels.cases.ts";
import { conv2dCases } from "./conv2d.cases.ts";
import { gradientCases } from "./gradients.cases.ts";
import { linearCases } from "./linear.cases.ts";
import { pointwiseCases } from "./pointwise.cases.ts";
import { poolCases } from "./pool.cases.ts";
import { trainingCases } from "./training.cases.ts";

/** Cases of the ops that a model file may hold. */
export const inferenceCases: readonly OpCase[] = [...conv2dCases, ...linearCases, ...pointwiseCases, ...poolCases, ...channelCases];

/** Cases of the ops that only training graphs hold. */
export const trainingOnlyCases: readonly OpCase[] = [...gradientCases, ...trainingCases];

export const allCases: readonly OpCase[] = [...inferenceCases, ...trainingOnlyCases];
