using Strata.Core;
using Strata.Deployments.Source;

namespace Strata.Deployments.Detection;

/// <summary>Recognises one kind of source by its files. Read-only; stateless.</summary>
internal interface IDetector
{
    /// <summary>One of <see cref="Stacks"/>.</summary>
    string Stack { get; }

    /// <summary>What it looks for, for the message that lists what is supported.</summary>
    string Understands { get; }

    Detection Detect(SourceTree source);
}

/// <summary>The result of a detector: one of the three.</summary>
internal abstract record Detection
{
    private Detection() { }

    /// <summary>It is this.</summary>
    public sealed record Found(BuildPlan Plan) : Detection;

    /// <summary>It matches, but something in it must be fixed first.</summary>
    public sealed record Faulty(Error Error) : Detection;

    /// <summary>It is something else.</summary>
    /// <param name="Hint">What was there and why it was not enough; null: nothing.</param>
    public sealed record Other(string? Hint = null) : Detection;

    public static readonly Detection No = new Other();

    public static Detection Fault(string message, string nextStep) =>
        new Faulty(new Error(ErrorKind.Unprocessable, "SOURCE_NOT_BUILDABLE", message, nextStep));
}
