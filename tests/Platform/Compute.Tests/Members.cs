using System.Collections.Concurrent;
using Strata.Compute.Members;
using Strata.Core;
using Strata.Entities.Log;
using Strata.Entities.Workflows;

namespace Strata.Compute.Tests;

/// <summary>A member whose other end is the test.</summary>
internal sealed class TestConnection : IMemberConnection
{
    public ConcurrentQueue<MemberCall> Calls { get; } = new();

    /// <summary>False: as a connection that is gone.</summary>
    public bool Takes { get; set; } = true;

    /// <summary>What it answers instead of taking a call; null: nothing.</summary>
    public Error? Busy { get; set; }

    public Result<bool> TrySend(MemberCall call)
    {
        if (Busy is { } busy) return busy;
        if (Takes) Calls.Enqueue(call);
        return Takes;
    }

    public async Task<MemberCall> NextAsync()
    {
        MemberCall? call = null;
        await Wait.UntilAsync(() => Calls.TryDequeue(out call), "the member is called");
        return call!;
    }
}

internal static class Given
{
    public static readonly TenantId Tenant = TenantId.New(TimeProvider.System);
    public static readonly TenantId Other = TenantId.New(TimeProvider.System);

    public static ProcessorDefinition Processor(string tags = "", bool idempotent = false, string? retry = null) => new()
    {
        Name = "p",
        Config = new ComputeConfig { Tags = tags.Length == 0 ? [] : tags.Split(','), Idempotent = idempotent, RetryPolicy = retry },
    };

    public static ComputeCall Call(TenantId? tenant = null) => new(new EntityRevision
    {
        Tenant = tenant ?? Tenant, Id = EntityId.New(TimeProvider.System), Model = new ModelKey("order", 1), Revision = Revision.None,
        Commit = default, State = "NEW",
        Document = JsonText.EmptyObject, CreatedAt = default, ChangedAt = default, ChangedBy = "user:test",
    }, "w", null);
}
