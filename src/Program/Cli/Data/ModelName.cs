using System.CommandLine;
using System.Globalization;
using Strata.Cli.Kinds;
using Strata.Cli.Shell;

namespace Strata.Cli.Data;

/// <summary>A model as people write it: <c>order.2</c> or <c>order/2</c>; without a version it is 1.</summary>
internal sealed record ModelName(string Name, int Version)
{
    /// <summary>The last two segments of most paths of the entity API.</summary>
    public string Path => $"{Uri.EscapeDataString(Name)}/{Version}";

    public static Argument<string> Argument() =>
        new Argument<string>("model") { Description = "Model, as NAME or NAME.VERSION" }.CompletesModels();

    public static ModelName Of(Run run, Argument<string> argument) => Parse(run.Parse.GetRequiredValue(argument));

    public static ModelName Parse(string text)
    {
        var end = text.LastIndexOfAny(['.', '/']);
        var (name, version) = end > 0 && int.TryParse(text.AsSpan(end + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? (text[..end], number) : (text, 1);
        return name is "" or "." or ".."
            ? throw UsageErrors.Of($"\"{text}\" is not a model's name.", "Write it as order, or order.2 for its version 2.").ToException()
            : new ModelName(name, version);
    }

    public override string ToString() => $"{Name}.{Version}";
}
