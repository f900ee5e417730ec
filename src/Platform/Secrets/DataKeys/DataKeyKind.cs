using Strata.Contracts;
using Strata.Core;
using Strata.Entities.Log;
using Strata.Resources.Kinds;

namespace Strata.Secrets.DataKeys;

/// <summary>States of a data key: always ACTIVE. It is made by a rotation and destroyed once nothing is sealed under it.</summary>
public static class DataKeyKind
{
    private static readonly Error NotByHand = new(
        ErrorKind.Conflict, "DATA_KEY_IN_USE",
        "A data key is destroyed by the cloud itself, a week after nothing is sealed under it any more.",
        "Replace it: strata encryption rotate-data-key");

    public static readonly Kind<Nothing, DataKeyStatus> Kind = new()
    {
        Name = "data-key",
        Plural = Plurals.DataKeys,
        IdPrefix = "dky",
        Scope = KindScope.Platform,
        WriteIsAdministrators = true,
        Description = "A key that the cloud seals secrets with.",
        Workflow = KindWorkflow.Load(typeof(DataKeyKind), "data-key.workflow.json"),
        InitialStatus = new DataKeyStatus(),
        Readers = [],
        IsIssued = true,
        DeleteCheck = (_, _, _) => ValueTask.FromResult<Error?>(NotByHand),
    };
}
