declare const unit: unique symbol;

/** A whole number of cents (1 berry = 100 cents); floats never touch money. */
export type Cents = number & { readonly [unit]: 'cents' };

/** A whole number of shares. */
export type Shares = number & { readonly [unit]: 'shares' };

/** @throws {RangeError} unless `value` is a whole number that a double holds exactly */
export function cents(value: number): Cents {
  return whole(value) as Cents;
}

/** @throws {RangeError} unless `value` is a whole number that a double holds exactly */
export function shares(value: number): Shares {
  return whole(value) as Shares;
}

function whole(value: number): number {
  if (!Number.isSafeInteger(value)) {
    throw new RangeError(`expected a whole number of at most 2^53 - 1, got ${value}`);
  }
  return value;
}
