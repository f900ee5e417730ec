using Strata.Core;

namespace Strata.Secrets.Values;

/// <summary>The catalogue of errors about secrets.</summary>
internal static class SecretErrors
{
    public static readonly Error Removing = new(
        ErrorKind.Conflict, "SECRET_REMOVING", "The secret is being removed.", "Create another one, under another name or a moment later.");

    public static Error Value(string fault) => new(
        ErrorKind.Invalid, "VALIDATION_FAILED", "The value of the secret is not valid.",
        $"Send {{\"value\": \"…\"}} with a text of 1 to {SecretValues.BytesMax} bytes.") { Faults = [new ValidationError("value", fault)] };

    public static Error NoVersion(string name, int? version) => new(
        ErrorKind.NotFound, "SECRET_VERSION_NOT_FOUND",
        version is null ? $"The secret \"{name}\" has no value yet."
            : $"The secret \"{name}\" has no version {version}, or it was destroyed.",
        version is null ? $"Set one: strata secrets set {name}" : $"See which there are: strata secrets versions {name}");

    private const string NotAvailableCode = "SECRET_NOT_AVAILABLE";

    /// <summary>
    /// Of a name in a variable. The same for one in another project or for another environment, of which those of this one need not know.
    /// </summary>
    public static Error NoSuch(string name, string? environment) => new(
        ErrorKind.NotFound, NotAvailableCode,
        $"There is no secret \"{name.Shortened(80)}\" in the project that a deployment "
            + $"{(environment is null ? "without an environment" : $"of the environment {environment}")} may use.",
        SetIt(name) + $". If there is one, look at its label environment: strata describe secret/{name}");

    public static Error Empty(string name) => new(
        ErrorKind.NotFound, NotAvailableCode, $"The secret \"{name}\" has no value yet.", SetIt(name));

    private static string SetIt(string name) => $"Set it: strata secrets set {name}";

    public static Error Unreadable(string name) => new(
        ErrorKind.Unavailable, "SECRET_UNREADABLE", $"The value of the secret \"{name}\" does not open with the keys that this server has.",
        "With several servers, see \"strata status\": this one may lack a new master key. Otherwise set the secret again.");

    public static readonly Error NoBody = new(
        ErrorKind.Invalid, "BAD_REQUEST", "A reveal has no body.", "Name the version in the query: POST …/reveal?version=2");

    public static Error Version(string text) => new(
        ErrorKind.Invalid, "INVALID_PATH", $"\"{text.Shortened(40)}\" is no version.", "Name it by its number, 1 or more.");
}
