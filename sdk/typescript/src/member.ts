import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import grpc from '@grpc/grpc-js';
import type { EntityMeta } from './entities.js';
import { StrataError } from './errors.js';
import { decode, encode, type CloudEvent } from './events.js';
import { Strata } from './strata.js';

export interface MemberOptions {
  /** What workflows name in calculationNodesTags. */
  tags: string[];
  /** Calls worked on at once. Default: 64. */
  maxConcurrentCalls?: number;
  /** Called after each call, for logs: what it was, how long it took, and what went wrong. */
  onCall?: (told: { kind: string; name: string; milliseconds: number; input: unknown; output: unknown; error?: Error }) => void;
}

/** What a handler is told beside the data. */
export interface Call {
  name: string;
  entityId: string;
  meta: EntityMeta | undefined;
  workflow: string;
  transition: { name: string; stateFrom: string; stateTo: string } | undefined;
  /** The context that the workflow gives the processor. */
  parameters: string | undefined;
}

/** When a scheduled transition is due. */
export interface Schedule {
  fireAt?: string;
  fireAfterMs?: number;
  expireAt?: string;
  expireAfterMs?: number;
}

type Handler = (data: never, call: Call) => unknown;
type Payload = Record<string, unknown> & { payload?: { data?: unknown; meta?: EntityMeta } };

const Service = '/org.cyoda.cloud.api.grpc.CloudEventsService/startStreaming';
const Kinds: Record<string, string> = {
  EntityProcessorCalculationRequest: 'processor', EntityCriteriaCalculationRequest: 'criterion', EntityFunctionCalculationRequest: 'function',
};

/**
 * A compute member: handlers of processors, criteria and schedule functions. What a handler does with the same cloud's entities happens in the transaction that waits for it. Handlers are
 * plain functions: they can be tested by themselves, or by call() with no server at all.
 */
export class Member {
  readonly #handlers = new Map<string, Handler>();
  #leaving = false;
  #open = 0;
  #send: ((type: string, payload: object) => void) | undefined;
  #end: (() => void) | undefined;

  constructor(private readonly strata: Strata, private readonly options: MemberOptions) {}

  /** @param handler gets the entity's data; what it returns is the new data, undefined leaves it as it is, an error fails the transition */
  processor<T extends object>(name: string, handler: (data: T, call: Call) => T | undefined | void | Promise<T | undefined | void>): this {
    return this.#add('processor', name, handler as Handler);
  }

  criterion<T extends object>(name: string, handler: (data: T, call: Call) => boolean | Promise<boolean>): this {
    return this.#add('criterion', name, handler as Handler);
  }

  schedule<T extends object>(name: string, handler: (data: T, call: Call) => Schedule | Promise<Schedule>): this {
    return this.#add('function', name, handler as Handler);
  }

  /** Runs a handler as the server would, with no server: for tests. */
  async call(kind: 'processor' | 'criterion' | 'function', name: string, data: object, call: Partial<Call> = {}): Promise<unknown> {
    const handler = this.#handlers.get(`${kind} ${name}`);
    if (!handler) throw new StrataError('NO_SUCH_HANDLER', `There is no ${kind} "${name}".`, 0);
    return handler(data as never, { name, entityId: randomUUID(), meta: undefined, workflow: '', transition: undefined, parameters: undefined, ...call });
  }

  /** Joins, and serves until stop(), or until the signal. Connects again, with pauses, whenever the connection is lost; only a refusal ends it. */
  async run(signal?: AbortSignal): Promise<void> {
    signal?.addEventListener('abort', () => this.stop(), { once: true });
    for (let lost = 0; !this.#leaving; lost++) {
      const began = Date.now();
      const failure = await this.#session();
      if (this.#leaving) return;
      if (failure && [grpc.status.UNAUTHENTICATED, grpc.status.PERMISSION_DENIED, grpc.status.INVALID_ARGUMENT].includes(failure.code)) {
        throw new StrataError(grpc.status[failure.code]!, failure.details, 0, false, 'Check STRATA_TOKEN: a member needs a token with the role machine.');
      }
      if (Date.now() - began > 10_000) lost = 0;
      await pause(Math.min(200 * 2 ** lost, 10_000) * (0.5 + Math.random()));
    }
  }

  /** Takes no new calls, finishes those that it has, and leaves. */
  stop(): void {
    if (this.#leaving) return;
    this.#leaving = true;
    this.#send?.('CalculationMemberLeaveEvent', {});
    if (this.#open === 0) this.#end?.();
  }

  #add(kind: string, name: string, handler: Handler): this {
    this.#handlers.set(`${kind} ${name}`, handler);
    return this;
  }

  /** One connection; resolves when it has ended, with what went wrong. */
  #session(): Promise<grpc.ServiceError | undefined> {
    const credentials = this.strata.url.protocol === 'https:' ? grpc.credentials.createSsl() : grpc.credentials.createInsecure();
    const port = this.strata.url.port || (this.strata.url.protocol === 'https:' ? '443' : '80');
    const client = new grpc.Client(`${this.strata.url.hostname}:${port}`, credentials, {
      'grpc.max_receive_message_length': 16 << 20, 'grpc.keepalive_time_ms': 15_000, 'grpc.keepalive_timeout_ms': 10_000, // a server whose machine is gone says nothing
    });
    const metadata = new grpc.Metadata();
    metadata.set('authorization', `Bearer ${this.strata.token ?? ''}`);
    const stream = client.makeBidiStreamRequest<Buffer, CloudEvent>(Service, bytes => bytes, decode, metadata);
    this.#send = (type, payload) => stream.write(encode({ id: randomUUID(), source: 'strata-member', type, text: JSON.stringify(payload) }));
    this.#end = () => stream.end();
    stream.on('data', (event: CloudEvent) => void this.#take(event));
    this.#send('CalculationMemberJoinEvent', { tags: this.options.tags, maxConcurrentCalls: this.options.maxConcurrentCalls ?? 64 });
    return new Promise(done => {
      const ended = (failure?: grpc.ServiceError) => {
        this.#send = this.#end = undefined;
        client.close();
        done(failure);
      };
      stream.on('error', ended).on('end', () => ended());
    });
  }

  async #take(event: CloudEvent): Promise<void> {
    const send = this.#send;
    if (event.type === 'CalculationMemberKeepAliveEvent') send?.('EventAckResponse', { sourceEventId: event.id, success: true });
    const kind = Kinds[event.type];
    if (!kind) return;
    const payload = JSON.parse(event.text) as Payload;
    this.#open++;
    const answer = await this.#answer(kind, payload, event.attributes['cyodatxtoken']);
    this.#open--;
    send?.(event.type.replace('Request', 'Response'), { requestId: payload['requestId'], entityId: payload['entityId'], ...answer });
    if (this.#leaving && this.#open === 0) this.#end?.();
  }

  async #answer(kind: string, payload: Payload, transaction: string | undefined): Promise<object> {
    const began = performance.now();
    const call: Call = {
      name: String(payload[kind === 'criterion' ? 'criteriaName' : `${kind}Name`]), entityId: String(payload['entityId']), meta: payload.payload?.meta,
      workflow: String((payload['workflow'] as { name?: string } | undefined)?.name ?? ''), transition: payload['transition'] as Call['transition'], parameters: payload['parameters'] as string | undefined,
    };
    const input = payload.payload?.data;
    try {
      const output = await Strata.transaction.run(transaction === undefined ? undefined : { origin: this.strata.url.origin, token: transaction }, () => this.call(kind as 'processor', call.name, (input ?? {}) as object, call));
      this.options.onCall?.({ kind, name: call.name, milliseconds: performance.now() - began, input, output });
      if (kind === 'criterion') return { success: true, matches: output === true };
      if (kind === 'function') return { success: true, resultKind: 'Schedule', result: output };
      return { success: true, ...(output === undefined ? {} : { payload: { type: 'JSON', data: output } }) };
    } catch (thrown) {
      const error = thrown instanceof Error ? thrown : new Error(String(thrown));
      this.options.onCall?.({ kind, name: call.name, milliseconds: performance.now() - began, input, output: undefined, error });
      return { success: false, error: { code: error instanceof StrataError ? error.code : error.name, message: error.message, retryable: error instanceof StrataError && error.retryable } };
    }
  }
}
