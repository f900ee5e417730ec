using Strata.Core;
using Strata.Deployments.Source;

namespace Strata.Deployments.Detection;

/// <summary>Recognises one sort of source by its files. Reads only; stateless.</summary>
internal interface IDetector
{
    /// <summary>One of <see cref="Stacks"/>.</summary>
    string Stack { get; }

    /// <summary>What it looks for, for the sentence that lists what is understood.</summary>
    string Understands { get; }

    Detection Detect(SourceTree source);
}

/// <summary>What a detector found: one of the three.</summary>
internal abstract record Detection
{
    private Detection() { }

    /// <summary>It is this.</summary>
    public sealed record Found(BuildPlan Plan) : Detection;

    /// <summary>It is this, but something about it must be mended first.</summary>
    public sealed record Faulty(Error Error) : Detection;

    /// <summary>It is something else.</summary>
    /// <param name="Hint">What was there and why it was not enough; null: nothing.</param>
    public sealed record Other(string? Hint = null) : Detection;

    public static readonly Detection No = new Other();

    public static Detection Fault(string message, string nextStep) => new Faulty(new Error(ErrorKind.Unprocessable, "SOURCE_NOT_BUILDABLE", message, nextStep));
}
