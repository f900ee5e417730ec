using Strata.Core;
using Strata.Entities.Workflows;

namespace Strata.Compute.Members;

public enum MemberCallKind
{
    Processor,
    Criterion,
    Function,
}

/// <summary>One question put to a member. Immutable.</summary>
public sealed record MemberCall
{
    /// <summary>Unique; the member repeats it with its answer. Another for each member that is tried.</summary>
    public required string RequestId { get; init; }

    public required MemberCallKind Kind { get; init; }

    /// <summary>Of the processor, criterion or function, as the workflow has it.</summary>
    public required string Name { get; init; }

    public required ComputeConfig Config { get; init; }

    public required ComputeCall Call { get; init; }

    /// <summary>
    /// W3C trace context of the call, for the member's own spans; null where the trace is sampled neither by this server nor, by its flag,
    /// by the client.
    /// </summary>
    public string? TraceParent { get; init; }

    /// <summary>
    /// Lets the member join the transaction that waits for its answer, for as long as it waits; null if it cannot join one.
    /// </summary>
    public string? TransactionToken { get; init; }
}

/// <summary>A member's answer. Immutable.</summary>
public sealed record MemberAnswer
{
    /// <summary>The new document of a processor; null: it stays as it is.</summary>
    public JsonText? Document { get; init; }

    /// <summary>Of a criterion.</summary>
    public bool Matches { get; init; }

    /// <summary>Of a function: what kind of result it is, and the result.</summary>
    public string? ResultKind { get; init; }
    public JsonText? Result { get; init; }

    /// <summary>Why it failed; null: it did not.</summary>
    public MemberFailure? Failure { get; init; }
}

/// <summary>A member's own error.</summary>
public sealed record MemberFailure(string? Code, string Message, bool Retryable);

/// <summary>The way to a member, whatever it is connected by.</summary>
public interface IMemberConnection
{
    /// <summary>
    /// Sends a call; never waits. False: the connection is gone or takes no more, and the call was not sent; SERVER_BUSY: nor was it, as
    /// too many bytes of its organization's calls wait already.
    /// </summary>
    Result<bool> TrySend(MemberCall call);
}
