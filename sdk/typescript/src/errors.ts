/** What the server refused a request with, or why none came through. */
export class StrataError extends Error {
  override readonly name = 'StrataError';

  /**
   * @param code stable, for example ENTITY_NOT_FOUND
   * @param status of HTTP; 0 where no answer came
   * @param next what to do about it
   */
  constructor(readonly code: string, message: string, readonly status: number, readonly retryable = false, readonly next?: string) {
    super(message);
  }

  static async of(answer: Response): Promise<StrataError> {
    const text = await answer.text();
    try {
      const problem = JSON.parse(text) as { detail?: string; title?: string; code?: string; next?: string; properties?: { errorCode?: string; retryable?: boolean } };
      const code = problem.code ?? problem.properties?.errorCode ?? 'UNEXPECTED_ANSWER';
      const detail = problem.detail ?? problem.title ?? `The request failed with ${answer.status}.`;
      const message = detail.startsWith(`${code}: `) ? detail.slice(code.length + 2) : detail; // the entity API begins with the code
      return new StrataError(code, message, answer.status, problem.properties?.retryable === true, problem.next);
    } catch {
      return new StrataError('UNEXPECTED_ANSWER', `The request failed with ${answer.status}.`, answer.status, answer.status === 502 || answer.status === 503);
    }
  }
}
