using Strata.Api.Http;
using Strata.Core;
using Strata.Entities.Engine;

namespace Strata.EntityApi.Entities;

/// <summary>The settings of a write, from its query parameters.</summary>
/// <param name="Window">Entities per transaction.</param>
/// <param name="Timeout">Of each transaction, until its first commit; null: none but the engine's.</param>
internal sealed record WriteSettings(int Window, TimeSpan? Timeout)
{
    public const int WindowMax = 1_000;
    public const int TimeoutMsMax = 3_600_000;
    private const int WindowDefault = 100;

    /// <summary>Parameters that change nothing here are checked all the same, so that a mistake is not passed over.</summary>
    public static Result<WriteSettings> Read(ApiCall call)
    {
        if (!call.QueryInt("transactionWindow", WindowDefault, 1, WindowMax).TryGet(out var window, out var error)) return error;
        if (!call.QueryInt("transactionTimeoutMillis", 0, 1, TimeoutMsMax).TryGet(out var timeout, out error)) return error;
        if ((call.QueryFlag("waitForConsistencyAfter").Error ?? call.QueryFlag("transactional").Error) is { } bad) return bad;
        return new WriteSettings(window, timeout == 0 ? null : TimeSpan.FromMilliseconds(timeout));
    }

    /// <summary>The caller of a transaction that begins now.</summary>
    public Caller Begin(Caller caller, RequestKey? request, TimeProvider time) =>
        caller with { Request = request, Deadline = Timeout is { } timeout ? time.GetUtcNow() + timeout : null };
}
