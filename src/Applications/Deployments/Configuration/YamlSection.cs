using System.Globalization;
using Strata.Core;
using YamlDotNet.RepresentationModel;

namespace Strata.Deployments.Configuration;

/// <summary>One mapping of a YAML file, read strictly: every error is recorded with its line, and so is every unknown field.</summary>
/// <param name="path">Of the mapping, for example <c>run.</c>; empty for the top.</param>
internal sealed class YamlSection(YamlMappingNode? node, string path, ICollection<ValidationError> faults)
{
    private readonly HashSet<string> known = new(StringComparer.Ordinal);

    public YamlSection Section(string name) => new(Find(name) switch
    {
        null => null,
        YamlMappingNode mapping => mapping,
        YamlScalarNode { Value: null or "" } => null,
        var other => Fault<YamlMappingNode>(name, other, "must hold \"name: value\" lines"),
    }, path + name + ".", faults);

    public string? Text(string name, int lengthMax = 4096) => Scalar(name) switch
    {
        null => null,
        { Value: { Length: > 0 } value } scalar when value.Length > lengthMax || value.Contains('\0') =>
            Fault<string>(name, scalar, $"must be a text of at most {lengthMax} characters"),
        { Value: { Length: > 0 } value } => value,
        var empty => Fault<string>(name, empty, "is empty; leave it out instead"),
    };

    public int? Whole(string name, int least, int most) => Scalar(name) is not { } scalar ? null
        : int.TryParse(scalar.Value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value) && value >= least
        && value <= most
            ? value : Fault<object>(name, scalar, $"must be a whole number from {least} to {most}") as int?;

    public double? Number(string name, double least, double most) => Scalar(name) is not { } scalar ? null
        : double.TryParse(scalar.Value, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) && value >= least && value <= most
            ? value : Fault<object>(
                name, scalar, string.Create(CultureInfo.InvariantCulture, $"must be a number from {least} to {most}")) as double?;

    public long? Bytes(string name, long least, long most) => Scalar(name) is not { } scalar ? null
        : Quantity.TryBytes(scalar.Value ?? "", out var value) && value >= least && value <= most
            ? value : Fault<object>(
                name, scalar, $"must be a size from {ByteText.Format(least)} to {ByteText.Format(most)}, for example 512M") as long?;

    public int? Seconds(string name, int least, int most) => Scalar(name) is not { } scalar ? null
        : Quantity.TrySeconds(scalar.Value ?? "", out var value) && value >= least && value <= most
            ? value : Fault<object>(name, scalar, $"must be a time from {least} to {most} seconds, for example 30s") as int?;

    /// <summary>Names and scalar values, both as text.</summary>
    public IReadOnlyDictionary<string, string> Map(string name, Func<string, bool> validName, string rule)
    {
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        if (Section(name).Node is not { } mapping) return values;
        foreach (var (key, value) in mapping.Children)
        {
            if (key is not YamlScalarNode { Value: { } text } || !validName(text)) Fault<object>(name, key, rule);
            else if (value is not YamlScalarNode scalar) Fault<object>($"{name}.{text}", value, "must be a single value");
            else values[text] = scalar.Value ?? "";
        }
        return values;
    }

    /// <summary>A list of single values; one value alone is a list of one.</summary>
    public IReadOnlyList<string> List(string name, int countMax, Func<string, bool> isValid, string rule)
    {
        if (Find(name) is not { } value) return [];
        var items = value is YamlSequenceNode sequence ? sequence.Children.ToList() : [value];
        if (items.Count > countMax) Fault<object>(name, value, $"takes at most {countMax} values");
        var read = new List<string>();
        foreach (var item in items.Take(countMax))
        {
            if (item is YamlScalarNode { Value: { } text } && isValid(text)) read.Add(text);
            else Fault<object>(name, item, rule);
        }
        return read;
    }

    /// <summary>The value as written, or null.</summary>
    public YamlNode? Find(string name)
    {
        known.Add(name);
        return node?.Children.FirstOrDefault(x => x.Key is YamlScalarNode { Value: { } text } && text == name).Value;
    }

    /// <summary>Records unknown fields of the file.</summary>
    public void End()
    {
        if (node is null) return;
        foreach (var key in node.Children.Keys)
        {
            if (key is YamlScalarNode { Value: { } name } && known.Contains(name)) continue;
            faults.Add(new ValidationError(path + key,
                $"line {key.Start.Line}: is not a known field; known are {string.Join(", ", known.Order(StringComparer.Ordinal))}"));
        }
    }

    public T? Fault<T>(string name, YamlNode at, string message)
    {
        faults.Add(new ValidationError(path + name, $"line {at.Start.Line}: {message}"));
        return default;
    }

    private YamlMappingNode? Node => node;

    private YamlScalarNode? Scalar(string name) => Find(name) switch
    {
        null => null,
        YamlScalarNode scalar => scalar,
        var other => Fault<YamlScalarNode>(name, other, "must be a single value"),
    };
}
