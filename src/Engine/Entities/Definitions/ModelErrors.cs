using System.Globalization;
using Strata.Core;
using Strata.Entities.Definitions.Structures;
using Strata.Entities.Json;
using Strata.Entities.Log;

namespace Strata.Entities.Definitions;

/// <summary>The catalogue of errors of models; codes are the entity API's.</summary>
internal static class ModelErrors
{
    public static Error NameTaken(ModelKey key) => new(
        ErrorKind.Forbidden, "MODEL_NOT_IN_PROJECT",
        $"The model {Quote.Shorten(key.Name)} in version {key.Version} does not belong to your token's project.",
        "Choose another name, or have an administrator give the model to the project.");

    public static Error BelongsToPlatform(ModelKey key) => new(
        ErrorKind.Forbidden, "FORBIDDEN",
        $"Models whose names start with \"{CompositeDefinitions.PlatformPrefix}\" belong to the platform, and {key} is one.",
        "Choose another name.");

    public static Error BadKey() => new(
        ErrorKind.Invalid, "BAD_REQUEST", $"A model has a name of 1 to {ModelKey.NameLengthMax} characters and a version of 1 or more.");

    public static Error AlreadyLocked(ModelKey key) => new(
        ErrorKind.Conflict, "MODEL_ALREADY_LOCKED", $"The model {key} is locked.",
        $"Import into a new version: strata model import {key with { Version = key.Version + 1 }}; or, while it has no entities, unlock it: strata model unlock {key}.");

    public static Error AlreadyUnlocked(ModelKey key) =>
        new(ErrorKind.Conflict, "MODEL_ALREADY_UNLOCKED", $"The model {key} is unlocked already.");

    public static Error HasEntities(ModelKey key, long count) => new(
        ErrorKind.Conflict, "MODEL_HAS_ENTITIES", $"The model {key} has {count} entities.",
        "Delete them first, or make a new version of the model.")
    {
        Details = new Dictionary<string, string> { ["entityCount"] = count.ToString(CultureInfo.InvariantCulture) },
    };

    public static Error BadSample(int max) => new(
        ErrorKind.Invalid, "VALIDATION_FAILED", $"A sample is an object, or an array of at most {max} objects that are each a sample.");

    public static Error BadView() => new(
        ErrorKind.Invalid, "VALIDATION_FAILED", "A model's view or schema is an object.",
        "Send what an export answers, or its member \"model\".");

    public static Error StructureTooLarge() => new(
        ErrorKind.Invalid, "VALIDATION_FAILED",
        $"The structure has more than {ModelStructure.PlacesMax} fields or is more than {ModelStructure.DepthMax} deep.",
        "Send a smaller sample.");

    public static Error BadRetention() => new(
        ErrorKind.Invalid, "VALIDATION_FAILED",
        $"A retention rule is {{\"keepSupersededDays\": n}} with a whole number of days from {ModelRetention.DaysMin} to {ModelRetention.DaysMax}.");

    public static Error NoWorkflows(ModelKey key) =>
        new(ErrorKind.NotFound, "WORKFLOW_NOT_FOUND", $"The model {key} has no workflows of its own.", "Import one.");
}
