/** The orders of a list of modes, on the live screen and on the dashboard. */
export const orders = ['name', 'used', 'rate'] as const;

export type Order = (typeof orders)[number];
