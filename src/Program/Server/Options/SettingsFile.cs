using Strata.Core;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Strata.Server.Options;

/// <summary>Reads <c>strata.server.yaml</c>. Every fault is reported, with its line.</summary>
internal static class SettingsFile
{
    private const long BytesMax = 1 << 20;

    /// <returns>What the file sets, by the setting's name; nothing where there is no file. CONFIG_INVALID where it is faulty.</returns>
    public static Result<IReadOnlyDictionary<string, SettingValue>> Read(string path)
    {
        var values = new Dictionary<string, SettingValue>(StringComparer.Ordinal);
        if (Directory.Exists(path)) return ServerOptionsReader.Invalid($"{path} is a folder, and must be a file.");
        if (!File.Exists(path)) return values;
        try
        {
            if (new FileInfo(path).Length > BytesMax) return ServerOptionsReader.Invalid($"{path} is larger than {BytesMax >> 20} MiB.");
            using var text = new StreamReader(path);
            return Read(path, text, values);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return ServerOptionsReader.Invalid($"{path} cannot be read: {e.Message}");
        }
        catch (YamlException e)
        {
            return ServerOptionsReader.Invalid($"{path}:{e.Start.Line} is not valid YAML: {e.Message}");
        }
    }

    private static Result<IReadOnlyDictionary<string, SettingValue>> Read(
        string path, StreamReader text, Dictionary<string, SettingValue> values)
    {
        var yaml = new YamlStream();
        yaml.Load(text);
        if (yaml.Documents.Count == 0) return values;
        if (yaml.Documents[0].RootNode is not YamlMappingNode root)
            return ServerOptionsReader.Invalid(
                $"{path}:{yaml.Documents[0].RootNode.Start.Line} must hold fields, such as \"apiPort: 8080\".");
        var faults = new List<string>();
        foreach (var (key, value) in root.Children)
        {
            var (field, place) = (key.ToString(), $"{path}:{key.Start.Line}");
            if (Setting.All.FirstOrDefault(s => s.Field == field) is not { } setting)
                faults.Add($"{place} names a setting that does not exist, \"{field}\"{Meant(field)}");
            else if (value is not YamlScalarNode scalar)
                faults.Add($"{place} gives {field} more than one value; it takes one, such as \"{field}: {Example(setting)}\"");
            else values[setting.Name] = new SettingValue(setting, scalar.Value ?? "", place);
        }
        return faults.Count == 0 ? values : ServerOptionsReader.Invalid(string.Join("; ", faults) + ".");
    }

    private static string Example(Setting setting) => setting == Setting.EgressAllow ? "10.1.0.0/16,192.168.1.5/32"
        : setting == Setting.TrustedProxies ? "127.0.0.1/32" : setting.Default;

    /// <summary>A flag's or variable's spelling, or another case, shows what was meant.</summary>
    private static string Meant(string field)
    {
        static string Letters(string text) => new([.. text.Where(char.IsAsciiLetterOrDigit).Select(char.ToLowerInvariant)]);
        return Setting.All.FirstOrDefault(s => Letters(field) == Letters(s.Field) || Letters(field) == Letters(s.Variable)) is { } meant
            ? $"; it is written {meant.Field}"
            : $" (those that exist: {string.Join(", ", Setting.All.Select(s => s.Field))})";
    }
}
