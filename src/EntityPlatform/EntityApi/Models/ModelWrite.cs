using Strata.Api.Http;
using Strata.Api.Idempotency;
using Strata.Core;
using Strata.Entities.Log;

namespace Strata.EntityApi.Models;

/// <summary>Changes of one model, each of which takes effect once for its Idempotency-Key. Safe for concurrent use.</summary>
internal sealed class ModelWrite(Idempotency idempotency)
{
    /// <param name="body">What is requested besides the path; the default if nothing is.</param>
    /// <param name="act">Makes the change; null: it is made.</param>
    /// <param name="answer">The same however often the request comes.</param>
    public async Task<Result<Answer>> RunAsync(
        ApiCall call, JsonText body, Func<ModelTarget, ValueTask<Error?>> act, Func<ModelKey, Answer> answer)
    {
        if (EntityCall.CheckUnjoined(call) is { } joined) return joined;
        if (!ModelTarget.Of(call).TryGet(out var target, out var error)) return error;
        return await idempotency.RunAsync(call, target.Caller.Tenant, body.Utf8, async () =>
        {
            var refused = await act(target with { Caller = target.Caller with { Request = call.Request } });
            return refused is null ? answer(target.Model) : refused;
        }, _ => answer(target.Model));
    }
}
