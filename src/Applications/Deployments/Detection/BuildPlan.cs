namespace Strata.Deployments.Detection;

/// <summary>The kind of a source and how to build and run it.</summary>
internal sealed record BuildPlan
{
    /// <summary>One of <see cref="Stacks"/>.</summary>
    public required string Stack { get; init; }

    /// <summary>For the user, for example <c>a Node application, run by "node server.js"</c>.</summary>
    public required string Summary { get; init; }

    /// <summary>In this order, in the source's root; none: the source is the result.</summary>
    public IReadOnlyList<BuildStep> Steps { get; init; } = [];

    /// <summary>
    /// Folders that may hold the result, relative to the root: the first that exists after the steps. None: the root itself.
    /// </summary>
    public IReadOnlyList<string> Outputs { get; init; } = [];

    /// <summary>A shell command line; null for a static site.</summary>
    public string? Command { get; init; }

    /// <summary>Served by the edge from files; no instance runs.</summary>
    public bool Static { get; init; }

    /// <summary>Programs that the machine must have for this stack.</summary>
    public IReadOnlyList<string> Tools { get; init; } = [];

    /// <summary>Notes for the user that do not stop the build.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];

    /// <summary>Of a Dockerfile, relative to the root.</summary>
    public string? Dockerfile { get; init; }
}

/// <param name="Install">Fetches what the source depends on; a build command of the user's own replaces only the other steps.</param>
internal sealed record BuildStep(string CommandLine, bool Install = false);

/// <summary>The kinds of source that detection distinguishes, as shown in <c>status.detected</c>.</summary>
internal static class Stacks
{
    public const string Static = "static";
    public const string Node = "node";
    public const string DotNet = "dotnet";
    public const string Python = "python";
    public const string Procfile = "procfile";
    public const string Dockerfile = "dockerfile";

    /// <summary>Built and run by the user's own commands, whatever it is.</summary>
    public const string Custom = "custom";

    public static readonly IReadOnlyList<string> All = [Static, Node, DotNet, Python, Procfile, Dockerfile, Custom];
}
