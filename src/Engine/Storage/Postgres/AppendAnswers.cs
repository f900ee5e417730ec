using System.Diagnostics;
using Strata.Core;
using Strata.Entities.Log;

namespace Strata.Storage.Postgres;

/// <summary>
/// Combines the database's answers for a group: several rows may concern one refused commit, and the plainest reason wins.
/// </summary>
internal sealed class AppendAnswers(IReadOnlyList<AppendRequest> group)
{
    /// <summary>The first of all reasons: a holder that has lost the lease need not know the others.</summary>
    public const int FenceLost = -2;

    /// <summary>An import into the tenant is under way.</summary>
    public const int Closed = -1;

    private const int Accepted = 0;
    private const int WriteMoved = 1;
    private const int ReadMoved = 2;

    private readonly (int Kind, int Which, AppendOutcome? Outcome)?[] answers = new (int, int, AppendOutcome?)?[group.Count];

    /// <param name="at">Revision and time of the commit, or of the first one of the same id; null: neither exists.</param>
    public void Add(int no, int kind, int which, (Revision Revision, DateTimeOffset Time)? at)
    {
        AppendOutcome? outcome = at is not { } found ? null
            : kind == Accepted ? new AppendOutcome.Committed(found.Revision, found.Time)
            : new AppendOutcome.AlreadyCommitted(found.Revision, found.Time);
        if (answers[no] is { } other && (other.Kind, other.Which).CompareTo((kind, which)) < 0) return;
        answers[no] = (kind, which, outcome);
    }

    public AppendOutcome[] ToOutcomes()
    {
        var claims = group.SelectMany(r => r.Claims.Select(k => (r.Commit, k))).ToList();
        var outcomes = new AppendOutcome[group.Count];
        for (var no = 0; no < outcomes.Length; no++)
        {
            var (kind, which, outcome) = answers[no]
                ?? throw new UnreachableException("The database did not answer for a commit of the group.");
            outcomes[no] = outcome ?? Refusal(group[no].Commit, kind, which, claims);
        }
        return outcomes;
    }

    private static AppendOutcome Refusal(Commit commit, int kind, int which, List<(Commit Commit, ClaimKey Key)> claims) => kind switch
    {
        WriteMoved => new AppendOutcome.Conflict(commit.Writes[which].Id),
        ReadMoved => new AppendOutcome.Conflict(commit.Reads[which].Id),
        FenceLost => new AppendOutcome.Fenced(commit.Fence!.Value),
        Closed => new AppendOutcome.Importing(),
        Accepted => throw new UnreachableException("An accepted commit has a revision."),
        _ => new AppendOutcome.Duplicate(commit.Writes[claims[which].Key.Write].Id, claims[which].Key.Claim),
    };
}
