/** Fields that DNS does not use, so that an object may be complete, as in the API. */
export interface Rest {
  readonly [field: string]: unknown;
}

export interface ObjectMeta extends Rest {
  readonly name: string;
  /** `default` if not given. */
  readonly namespace?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}
