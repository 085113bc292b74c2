/** A counter. */
export interface Row {
  readonly mode: string;
  readonly next: bigint;
}

/** A counter after its claim, with the number of its table if the server reports it. */
export interface AdvancedRow extends Row {
  readonly table?: number;
}

/** A row that may be of a commit without a standby. */
export interface ConfirmableRow extends Row {
  readonly needsStandby: boolean;
}
