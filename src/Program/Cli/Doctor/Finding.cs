namespace Strata.Cli.Doctor;

internal enum Verdict
{
    Ok,
    Warning,
    Failure,
}

/// <summary>One thing that <c>strata doctor</c> looked at.</summary>
/// <param name="What">Such as <c>PostgreSQL</c>.</param>
/// <param name="Message">How it is, in a sentence.</param>
/// <param name="Fix">How to mend it; null where nothing is wrong.</param>
internal sealed record Finding(Verdict Verdict, string What, string Message, string? Fix = null)
{
    public static Finding Ok(string what, string message) => new(Verdict.Ok, what, message);

    public static Finding Warning(string what, string message, string fix) => new(Verdict.Warning, what, message, fix);

    public static Finding Failure(string what, string message, string fix) => new(Verdict.Failure, what, message, fix);
}
