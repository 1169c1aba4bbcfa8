import { cents, type Cents } from '../money.ts';

/**
 * The house's commission on a trade of `amount` cents: 0.1 %, rounded half up to the cent, at least 1 cent.
 * Worked in whole numbers: amount / 1000, with 500 added before the remainder is dropped.
 */
export function commissionOn(amount: Cents): Cents {
  return cents(Math.max(1, Math.floor((amount + 500) / 1000)));
}
