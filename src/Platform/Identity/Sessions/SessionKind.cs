using Strata.Contracts;
using Strata.Core;
using Strata.Entities.Conditions;
using Strata.Entities.Workflows;
using Strata.Resources.Kinds;

namespace Strata.Identity.Sessions;

/// <summary>States of a session: always ACTIVE.</summary>
public static class SessionKind
{
    /// <summary>The unique key of what a session was granted for.</summary>
    internal const string GrantKey = "grant";

    public static readonly Kind<SessionSpec, SessionStatus> Kind = new()
    {
        Name = "session",
        Plural = Plurals.Sessions,
        IdPrefix = "ses",
        Scope = KindScope.Platform,
        WriteIsAdministrators = true,
        Description = "What a person has signed in to: a browser, a command line, a program.",
        Workflow = KindWorkflow.Load(typeof(SessionKind), "session.workflow.json"),
        InitialStatus = new SessionStatus(),
        UniqueKeys = [new UniqueKeyDefinition(GrantKey, [JsonPath.Parse("$.spec.grant")])],
        HiddenStatus = ["secretHash"],
        Readers = [],
        FreshSignIn = FreshSignInFor.Deletions,
        IsIssued = true,
    };
}
