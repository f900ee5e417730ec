using Strata.Core;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;
using YamlDotNet.RepresentationModel;

namespace Strata.Deployments.Configuration;

/// <summary>Loads small, untrusted YAML: one document, bounded in size and depth, without anchors, aliases and tags.</summary>
internal static class YamlTree
{
    public const int CharsMax = 64 * 1024;
    private const int DepthMax = 16;

    /// <returns>The root, or null for an empty document; the error says where.</returns>
    public static Result<YamlMappingNode?> Load(string name, string text)
    {
        if (text.Length > CharsMax) return Fault(name, $"it is larger than {CharsMax / 1024} KiB");
        try
        {
            if (FindUnwanted(text) is { } unwanted) return Fault(name, unwanted);
            var stream = new YamlStream();
            stream.Load(new StringReader(text));
            return stream.Documents switch
            {
                [] => (YamlMappingNode?)null,
                [{ RootNode: YamlMappingNode root }] => root,
                [{ RootNode: YamlScalarNode { Value: null or "" } }] => (YamlMappingNode?)null,
                [_] => Fault(name, "its top level is not a list of \"name: value\" lines"),
                _ => Fault(name, "it holds more than one document"),
            };
        }
        catch (YamlException e)
        {
            return Fault(name, $"line {e.Start.Line}: {e.Message.TrimEnd('.')}");
        }
    }

    public static Error Fault(string name, string why) =>
        new(ErrorKind.Unprocessable, "CONFIG_INVALID", $"{name} cannot be used: {why}.", "Correct the file and deploy again.");

    /// <summary>Looks at the flat run of events first, because the tree's loader calls itself for each level.</summary>
    private static string? FindUnwanted(string text)
    {
        var parser = new Parser(new StringReader(text));
        for (var depth = 0; parser.MoveNext();)
        {
            if (parser.Current is not { } e) continue;
            depth += e.NestingIncrease;
            if (depth > DepthMax) return $"line {e.Start.Line}: it is nested too deeply";
            if (e is AnchorAlias or NodeEvent { Anchor.IsEmpty: false })
                return $"line {e.Start.Line}: anchors and aliases are not supported";
        }
        return null;
    }
}
